#pragma once

#include "common/api/agent_files.h"

namespace pyro::agent::files {

/// What an ext4 file system holds, read from its inode tables: some bytes for each file instead of
/// a look at its name. `device` is mounted, and was just flushed. Counts each hard link, and leaves
/// out the root, sockets, FIFOs, devices and what is open but deleted.
/// kInternal: no such file system, or a damaged one.
api::agent::VolumeUsage count_inodes(int device);

}  // namespace pyro::agent::files
