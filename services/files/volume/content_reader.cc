#include "services/files/volume/content_reader.h"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "common/base/error.h"
#include "services/files/volume/content_writer.h"

namespace pyro::volume {
namespace {

constexpr std::size_t kPieceBytes = 64U << 10U;

/// The extents of an inode, in order.
class Extents {
 public:
  Extents(const Filesystem& filesystem, ext2_ino_t number, Inode inode)
      : filesystem_(filesystem), inode_(inode) {
    check(ext2fs_extent_open2(filesystem, number, inode_.base(), &handle_), "open extents");
  }
  Extents(const Extents&) = delete;
  Extents& operator=(const Extents&) = delete;
  ~Extents() { ext2fs_extent_free(handle_); }

  /// False: there is none behind. Each begins where the last one ended or later, so that a tree
  /// that leads in a circle comes to an end.
  bool next(ext2fs_extent& extent) {
    do {
      const errcode_t answer = ext2fs_extent_get(handle_, move_, &extent);
      if (answer == EXT2_ET_EXTENT_NO_NEXT) return false;
      check(answer, "read extents");
      move_ = EXT2_EXTENT_NEXT;
    } while ((extent.e_flags & EXT2_EXTENT_FLAGS_LEAF) == 0);
    const blk64_t blocks = ext2fs_blocks_count(filesystem_->super);
    if (extent.e_lblk < position_ || extent.e_pblk >= blocks ||
        extent.e_len > blocks - extent.e_pblk) {
      throw internal_error("the volume is damaged: extents out of order or place");
    }
    position_ = extent.e_lblk + extent.e_len;
    return true;
  }

 private:
  const Filesystem& filesystem_;
  Inode inode_;
  ext2_extent_handle_t handle_ = nullptr;
  int move_ = EXT2_EXTENT_ROOT;
  blk64_t position_ = 0;
};

/// Gives what lies in [position, end) of a file.
class Pieces {
 public:
  Pieces(const Filesystem& filesystem, const std::function<void(std::string_view)>& take,
         const std::function<void(std::uint64_t)>& hole)
      : filesystem_(filesystem), take_(take), hole_(hole) {}

  void zeros_until(std::uint64_t end) {
    if (hole_ && position_ < end) {
      hole_(end - position_);
      position_ = end;
    }
    if (position_ < end) buffer_.assign(kPieceBytes, '\0');
    while (position_ < end) give(end);
  }

  void blocks_until(std::uint64_t end, std::uint64_t offset) {
    buffer_.resize(kPieceBytes);
    while (position_ < end) {
      const std::size_t wanted = std::min<std::uint64_t>(end - position_, kPieceBytes);
      const ssize_t n =
          ::pread(filesystem_.fd(), buffer_.data(), wanted, static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw system_error("read volume");
      if (n == 0) throw internal_error("the volume is damaged: it ends too early");
      offset += static_cast<std::uint64_t>(n);
      give(position_ + static_cast<std::uint64_t>(n));
    }
  }

 private:
  void give(std::uint64_t end) {
    const std::size_t size = std::min<std::uint64_t>(end - position_, kPieceBytes);
    position_ += size;
    take_(std::string_view(buffer_).substr(0, size));
  }

  const Filesystem& filesystem_;
  const std::function<void(std::string_view)>& take_;
  const std::function<void(std::uint64_t)>& hole_;
  std::string buffer_;
  std::uint64_t position_ = 0;
};

}  // namespace

void read_content(const Filesystem& filesystem, ext2_ino_t number, const Inode& inode,
                  const std::function<void(std::string_view)>& take,
                  const std::function<void(std::uint64_t)>& hole) {
  const std::uint64_t size = inode.size();
  if (size == 0) return;
  if (size > ContentWriter::kMaxBytes) {
    throw internal_error("the volume is damaged: a file of {} bytes", size);
  }
  Extents extents(filesystem, number, inode);
  Pieces pieces(filesystem, take, hole);
  for (ext2fs_extent extent{}; extents.next(extent);) {
    const auto start = std::min<std::uint64_t>(extent.e_lblk * kBlockBytes, size);
    const auto end = std::min<std::uint64_t>((extent.e_lblk + extent.e_len) * kBlockBytes, size);
    pieces.zeros_until(start);
    if ((extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT) != 0) {
      pieces.zeros_until(end);
    } else {
      pieces.blocks_until(end, extent.e_pblk * kBlockBytes);
    }
  }
  pieces.zeros_until(size);
}

}  // namespace pyro::volume
