#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "services/files/volume/filesystem.h"

namespace pyro::volume {

/// Consecutive free blocks.
struct BlockRun {
  blk64_t first = 0;
  std::uint32_t count = 0;
};

/// Allocates the free blocks of a file system from its start on, and writes blocks, consecutive
/// ones in one piece.
class BlockWriter {
 public:
  explicit BlockWriter(const Filesystem& filesystem);

  /// 1 to `wanted` blocks. resource_exhausted: the volume is full.
  BlockRun take(std::uint32_t wanted);
  /// Writes whole blocks.
  void write(blk64_t first, std::string_view blocks);
  /// Flushes: updates the bitmap with the taken blocks, and writes pending blocks to the file.
  void finish();
  /// The error for a full volume.
  Error full() const;

 private:
  void next_run();
  void account();
  void flush();

  const Filesystem& filesystem_;
  std::uint64_t capacity_bytes_;
  /// [first_, end_) is free in the bitmap; the part before next_ is taken.
  blk64_t first_;
  blk64_t next_;
  blk64_t end_;
  std::string buffer_;
  blk64_t buffer_first_ = 0;
};

}  // namespace pyro::volume
