#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "services/files/volume/block_writer.h"
#include "services/files/volume/inode.h"

namespace pyro::volume {

/// Blocks of a file that lie one behind the other, in the file and on disk.
struct Extent {
  std::uint32_t logical = 0;  ///< the first one's number in the file
  BlockRun blocks{};
};

/// The extents of a file while it is written.
class ExtentList {
 public:
  /// Puts whole blocks at `logical`, behind all that is there.
  void append(BlockWriter& writer, std::uint32_t logical, std::string_view blocks);
  /// Makes them the content of the inode: up to four extents lie in itself, more in a tree of
  /// blocks of their own. Sets its count of blocks, not its size.
  void store(const Filesystem& filesystem, BlockWriter& writer, ext2_ino_t number,
             Inode& inode) const;

 private:
  std::vector<Extent> extents_;
  std::uint64_t blocks_ = 0;
};

}  // namespace pyro::volume
