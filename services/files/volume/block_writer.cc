#include "services/files/volume/block_writer.h"

#include <unistd.h>

#include <algorithm>

#include "common/base/reasons/files.h"
#include "common/base/text.h"

namespace pyro::volume {
namespace {

constexpr std::size_t kBufferBytes = 1U << 20U;

void write_at(int fd, std::uint64_t offset, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error("write volume");
    offset += static_cast<std::uint64_t>(n);
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

BlockWriter::BlockWriter(const Filesystem& filesystem)
    : filesystem_(filesystem),
      capacity_bytes_(ext2fs_free_blocks_count(filesystem->super) * kBlockBytes),
      first_(filesystem->super->s_first_data_block),
      next_(first_),
      end_(first_) {
  buffer_.reserve(kBufferBytes);
}

Error BlockWriter::full() const {
  return resource_exhausted(reason::kTooLarge,
                            "the seed does not fit: a workspace holds at most {}",
                            human_size(capacity_bytes_));
}

BlockRun BlockWriter::take(std::uint32_t wanted) {
  if (next_ == end_) next_run();
  const auto count = static_cast<std::uint32_t>(std::min<blk64_t>(wanted, end_ - next_));
  const BlockRun run{next_, count};
  next_ += count;
  return run;
}

void BlockWriter::next_run() {
  account();
  const blk64_t last = ext2fs_blocks_count(filesystem_->super) - 1;
  ext2fs_block_bitmap map = filesystem_->block_map;
  if (end_ > last) throw full();
  const errcode_t found = ext2fs_find_first_zero_block_bitmap2(map, end_, last, &first_);
  next_ = end_ = found == 0 ? first_ : last + 1;
  if (found == ENOENT) throw full();
  check(found, "find free blocks");
  if (ext2fs_find_first_set_block_bitmap2(map, first_, last, &end_) != 0) end_ = last + 1;
}

void BlockWriter::account() {
  if (next_ == first_) return;
  ext2fs_block_alloc_stats_range(filesystem_, first_, static_cast<blk_t>(next_ - first_), +1);
  first_ = next_;
}

void BlockWriter::write(blk64_t first, std::string_view blocks) {
  const bool follows = first == buffer_first_ + buffer_.size() / kBlockBytes;
  if (!follows || buffer_.size() + blocks.size() > kBufferBytes) flush();
  if (blocks.size() >= kBufferBytes) {
    write_at(filesystem_.fd(), first * kBlockBytes, blocks);
    return;
  }
  if (buffer_.empty()) buffer_first_ = first;
  buffer_ += blocks;
}

void BlockWriter::flush() {
  write_at(filesystem_.fd(), buffer_first_ * kBlockBytes, buffer_);
  buffer_.clear();
}

void BlockWriter::finish() {
  account();
  flush();
}

}  // namespace pyro::volume
