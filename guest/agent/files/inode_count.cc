#include "guest/agent/files/inode_count.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "common/base/error.h"

namespace pyro::agent::files {
namespace {

constexpr std::size_t kPieceBytes = 256U << 10U;

Error damaged(std::string_view what) {
  return internal_error("the disk of /workspace is damaged: {}", what);
}

/// Bytes of the disk. Offsets of fields: kernel.org, Documentation/filesystems/ext4.
class Bytes {
 public:
  Bytes(int device, std::uint64_t at, std::size_t size) : bytes_(size, '\0') {
    for (std::size_t got = 0; got < size;) {
      const ssize_t n =
          ::pread(device, bytes_.data() + got, size - got, static_cast<off_t>(at + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw system_error("read the disk of /workspace");
      if (n == 0) throw damaged("it ends too early");
      got += static_cast<std::size_t>(n);
    }
  }
  std::uint32_t u16(std::size_t at) const { return byte(at) | byte(at + 1) << 8U; }
  std::uint32_t u32(std::size_t at) const { return u16(at) | u16(at + 2) << 16U; }
  std::uint64_t u64(std::size_t low, std::size_t high) const {
    return u32(low) | std::uint64_t{u32(high)} << 32U;
  }

 private:
  std::uint32_t byte(std::size_t at) const { return static_cast<unsigned char>(bytes_[at]); }

  std::string bytes_;
};

class InodeCount {
 public:
  explicit InodeCount(int device) : device_(device), super_(device, 1024, 1024) {
    constexpr std::uint32_t kMagic = 0xEF53;
    if (super_.u16(0x38) != kMagic) throw damaged("no ext4");
    constexpr std::uint32_t kMostLog = 6;
    if (super_.u32(0x18) > kMostLog) throw damaged("its blocks");
    block_bytes_ = std::uint64_t{1024} << super_.u32(0x18);
    inode_bytes_ = super_.u16(0x58);
    per_group_ = super_.u32(0x28);
    constexpr std::uint32_t k64Bit = 0x80;
    wide_ = (super_.u32(0x60) & k64Bit) != 0;
    descriptor_bytes_ = wide_ ? super_.u16(0xFE) : 32;
    const bool fits = inode_bytes_ >= 128 && inode_bytes_ <= block_bytes_ && per_group_ > 0 &&
                      per_group_ <= block_bytes_ * 8 && descriptor_bytes_ >= (wide_ ? 64U : 32U) &&
                      descriptor_bytes_ <= block_bytes_;
    if (!fits) throw damaged("its super block");
  }

  api::agent::VolumeUsage run() {
    const std::uint32_t groups = (super_.u32(0) + per_group_ - 1) / per_group_;
    const std::uint64_t descriptors = (super_.u32(0x14) + 1) * block_bytes_;
    for (std::uint32_t group = 0; group < groups; ++group) {
      count_group(
          Bytes(device_, descriptors + std::uint64_t{group} * descriptor_bytes_, descriptor_bytes_),
          group == 0 ? super_.u32(0x54) - 1 : 0);
    }
    return usage_;
  }

 private:
  /// The first `reserved` inodes are the file system's own.
  void count_group(const Bytes& descriptor, std::uint32_t reserved) {
    constexpr std::uint32_t kNoInodes = 1;
    if ((descriptor.u16(0x12) & kNoInodes) != 0) return;
    const std::uint32_t unused =
        descriptor.u16(0x1C) | (wide_ ? descriptor.u16(0x32) << 16U : std::uint32_t{0});
    const std::uint32_t used = per_group_ - std::min(unused, per_group_);
    const std::uint64_t table =
        (wide_ ? descriptor.u64(0x8, 0x28) : descriptor.u32(0x8)) * block_bytes_;
    const std::size_t at_once = kPieceBytes / inode_bytes_;
    for (std::uint32_t first = reserved; first < used;) {
      const std::size_t inodes = std::min<std::size_t>(at_once, used - first);
      const Bytes piece(device_, table + std::uint64_t{first} * inode_bytes_,
                        inodes * inode_bytes_);
      for (std::size_t i = 0; i < inodes; ++i) count(piece, i * inode_bytes_);
      first += static_cast<std::uint32_t>(inodes);
    }
  }

  void count(const Bytes& inodes, std::size_t at) {
    const std::uint32_t links = inodes.u16(at + 0x1A);
    if (links == 0) return;
    const mode_t mode = inodes.u16(at);
    if (S_ISDIR(mode)) {
      ++usage_.entry_count;
    } else if (S_ISREG(mode) || S_ISLNK(mode)) {
      usage_.entry_count += links;
      if (S_ISREG(mode)) usage_.bytes += links * inodes.u64(at + 0x4, at + 0x6C);
    }
  }

  const int device_;
  const Bytes super_;
  std::uint64_t block_bytes_ = 0;
  std::uint32_t inode_bytes_ = 0;
  std::uint32_t per_group_ = 0;
  std::uint32_t descriptor_bytes_ = 0;
  bool wide_ = false;
  api::agent::VolumeUsage usage_;
};

}  // namespace

api::agent::VolumeUsage count_inodes(int device) { return InodeCount(device).run(); }

}  // namespace pyro::agent::files
