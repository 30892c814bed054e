#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/files/volume/extent_tree.h"

namespace pyro::volume {

/// Writes the content of one file, in pieces of any size. Longer runs of zeros become holes.
class ContentWriter {
 public:
  /// The longest file of ext4 with our block size.
  static constexpr std::uint64_t kMaxBytes = ((std::uint64_t{1} << 32U) - 1) * kBlockBytes;

  explicit ContentWriter(BlockWriter& writer) : writer_(writer) {}
  void append(std::string_view bytes);
  /// Ends the content: sets the size and the blocks of the inode.
  void finish(const Filesystem& filesystem, ext2_ino_t number, Inode& inode);

  std::uint64_t size() const { return written_ + rest_.size(); }

 private:
  void put(std::string_view unit);

  BlockWriter& writer_;
  ExtentList extents_;
  std::uint64_t written_ = 0;
  std::string rest_;  ///< less than a unit, not written yet
};

}  // namespace pyro::volume
