#pragma once

#include <ext2fs/ext2fs.h>

#include <cstdint>
#include <unordered_map>

namespace pyro::volume {

/// Gives libext2fs access to a file by the number of an open descriptor, which it borrows. A cache
/// holds written blocks until a flush; closing the channel drops it. Never waits for the disk,
/// unlike the library's own manager, which begins with an fsync.
io_manager file_channels();

/// Where a channel's block of kPageBytes is to be read instead of its own place.
struct ReplayedBlock {
  std::uint64_t block = 0;
  /// Its first four bytes are the journal's magic, which the journal itself may not hold.
  bool escaped = false;
};
using ReplayedBlocks = std::unordered_map<std::uint64_t, ReplayedBlock>;

/// From now on reads of a channel of file_channels() see these blocks as replayed. Only for a
/// channel that nothing is written to.
void show_replayed(io_channel channel, ReplayedBlocks blocks);

}  // namespace pyro::volume
