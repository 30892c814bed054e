#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/files/volume/extent_tree.h"

namespace pyro::volume {

/// Writes the content of one file, which comes in pieces of any size. Longer stretches of zeros
/// become holes.
class ContentWriter {
 public:
  /// The longest that ext4 takes with our blocks.
  static constexpr std::uint64_t kMaxBytes = ((std::uint64_t{1} << 32U) - 1) * kBlockBytes;

  explicit ContentWriter(BlockWriter& writer) : writer_(writer) {}
  void append(std::string_view bytes);
  /// Nothing follows: the inode gets its size and its blocks.
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
