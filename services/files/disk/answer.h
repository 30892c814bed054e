#pragma once

#include "services/files/disk/question.h"

namespace pyro::files {

/// Reads the disks. Their content is hostile: only in a process that may be ended, see GuestDisk.
/// Never throws for what they hold.
DiskAnswer answer(const DiskQuestion& question);

}  // namespace pyro::files
