#pragma once

#include <ext2fs/ext2fs.h>

namespace pyro::volume {

/// Gives libext2fs access to a file by the number of an open descriptor, which it borrows. A cache
/// holds written blocks until a flush; closing the channel drops it. Never waits for the disk,
/// unlike the library's own manager, which begins with an fsync.
io_manager file_channels();

}  // namespace pyro::volume
