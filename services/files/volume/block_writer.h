#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "services/files/volume/filesystem.h"

namespace pyro::volume {

/// Free blocks that lie one behind the other.
struct BlockRun {
  blk64_t first = 0;
  std::uint32_t count = 0;
};

/// Gives out the free blocks of a file system from its start on, and writes blocks: what is
/// written one behind the other goes to the file in one piece.
class BlockWriter {
 public:
  explicit BlockWriter(const Filesystem& filesystem);

  /// 1 to `wanted` blocks. resource_exhausted: the volume is full.
  BlockRun take(std::uint32_t wanted);
  /// Whole blocks, as they shall be on disk.
  void write(blk64_t first, std::string_view blocks);
  /// Nothing is held back any more: the bitmap knows what was taken, the file has what was written.
  void finish();
  /// The error of a full volume.
  Error full() const;

 private:
  void next_run();
  void account();
  void flush();

  const Filesystem& filesystem_;
  std::uint64_t capacity_bytes_;
  /// [first_, end_) is free in the bitmap; of it, what lies before next_ is taken.
  blk64_t first_;
  blk64_t next_;
  blk64_t end_;
  std::string buffer_;
  blk64_t buffer_first_ = 0;
};

}  // namespace pyro::volume
