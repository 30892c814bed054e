#include "services/files/volume/inode.h"

#include <algorithm>
#include <limits>

namespace pyro::volume {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kEarliest = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max() / kSecond - 1;
constexpr std::uint32_t kEpochBits = 2;

}  // namespace

InodeTime to_inode_time(std::int64_t ns) {
  std::int64_t seconds = ns / kSecond;
  std::int64_t rest = ns % kSecond;
  if (rest < 0) {
    --seconds;
    rest += kSecond;
  }
  if (seconds < kEarliest) {
    seconds = kEarliest;
    rest = 0;
  }
  const auto low = static_cast<std::uint32_t>(seconds);
  const std::int64_t epoch = (seconds - static_cast<std::int32_t>(low)) >> 32U;
  return {low, static_cast<std::uint32_t>(rest << kEpochBits | (epoch & 3))};
}

std::int64_t from_inode_time(InodeTime time) {
  const std::int64_t seconds =
      static_cast<std::int32_t>(time.seconds) + (static_cast<std::int64_t>(time.extra & 3U) << 32U);
  if (seconds > kLatest) return std::numeric_limits<std::int64_t>::max();
  return seconds * kSecond + std::min<std::int64_t>(time.extra >> kEpochBits, kSecond - 1);
}

void Inode::set_size(std::uint64_t bytes) {
  fields.i_size = static_cast<std::uint32_t>(bytes);
  fields.i_size_high = static_cast<std::uint32_t>(bytes >> 32U);
}

std::int64_t Inode::mtime_ns() const {
  return from_inode_time({fields.i_mtime, fields.i_mtime_extra});
}

std::int64_t Inode::ctime_ns() const {
  return from_inode_time({fields.i_ctime, fields.i_ctime_extra});
}

Inode make_inode(std::uint16_t type, std::uint32_t mode, std::int64_t mtime_ns,
                 std::int64_t ctime_ns) {
  const InodeTime mtime = to_inode_time(mtime_ns);
  const InodeTime ctime = to_inode_time(ctime_ns);
  Inode inode;
  ext2_inode_large& fields = inode.fields;
  fields.i_mode = static_cast<std::uint16_t>(type | (mode & 07777U));
  fields.i_links_count = 1;
  fields.i_extra_isize = sizeof(ext2_inode_large) - EXT2_GOOD_OLD_INODE_SIZE;
  fields.i_mtime = mtime.seconds;
  fields.i_mtime_extra = mtime.extra;
  fields.i_atime = fields.i_ctime = fields.i_crtime = ctime.seconds;
  fields.i_atime_extra = fields.i_ctime_extra = fields.i_crtime_extra = ctime.extra;
  return inode;
}

Inode read_inode(const Filesystem& filesystem, ext2_ino_t number) {
  Inode inode;
  check(ext2fs_read_inode_full(filesystem, number, inode.base(), sizeof inode), "read inode");
  return inode;
}

void write_inode(const Filesystem& filesystem, ext2_ino_t number, Inode& inode) {
  check(ext2fs_write_inode_full(filesystem, number, inode.base(), sizeof inode), "write inode");
}

}  // namespace pyro::volume
