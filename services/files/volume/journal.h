#pragma once

#include <ext2fs/ext2fs.h>

#include "services/files/volume/file_channel.h"

namespace pyro::volume {

/// The blocks that a mount would copy from the journal of an unmounted file system into their
/// places: those of its committed transactions, without the revoked ones. Reads only, and
/// believes nothing: a damaged transaction ends the journal, as a mount has it.
/// failed_precondition: the journal is of a kind that cannot be replayed here. internal: it cannot
/// be read.
ReplayedBlocks replay_journal(ext2_filsys filesystem);

}  // namespace pyro::volume
