#pragma once

#include <ext2fs/ext2fs.h>

namespace pyro::volume {

/// How libext2fs reaches a file: by the number of an open descriptor, which it borrows. Blocks go
/// through a cache that flush empties; a channel that closes drops it. Nothing waits for the disk,
/// where the library's own manager begins with an fsync.
io_manager file_channels();

}  // namespace pyro::volume
