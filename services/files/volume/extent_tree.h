#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "services/files/volume/block_writer.h"
#include "services/files/volume/inode.h"

namespace pyro::volume {

/// Blocks that are consecutive in the file and on disk.
struct Extent {
  std::uint32_t logical = 0;  ///< number of the first one in the file
  BlockRun blocks{};
};

/// Collects the extents of a file under construction.
class ExtentList {
 public:
  /// Adds whole blocks at `logical`, after all earlier ones.
  void append(BlockWriter& writer, std::uint32_t logical, std::string_view blocks);
  /// Makes them the content of the inode: up to four extents fit into it, more go to a tree of
  /// blocks. Sets its block count, not its size.
  void store(const Filesystem& filesystem, BlockWriter& writer, ext2_ino_t number,
             Inode& inode) const;

 private:
  std::vector<Extent> extents_;
  std::uint64_t blocks_ = 0;
};

}  // namespace pyro::volume
