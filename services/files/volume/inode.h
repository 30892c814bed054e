#pragma once

#include <ext2fs/ext2fs.h>

#include <array>
#include <cstdint>

#include "services/files/volume/filesystem.h"

namespace pyro::volume {

/// A time in an inode: seconds since the epoch and, in `extra`, their bits 32 and 33 below the
/// nanoseconds.
struct InodeTime {
  std::uint32_t seconds = 0;
  std::uint32_t extra = 0;
  bool operator==(const InodeTime&) const = default;
};

/// A time that ext4 cannot hold (before December 1901) becomes its earliest one.
InodeTime to_inode_time(std::int64_t ns);
/// A time that a signed 64-bit count of nanoseconds cannot hold (after 2262) becomes its last.
std::int64_t from_inode_time(InodeTime time);

/// mkfs gives each inode this much: the fields that ext2 knew, and as much again.
constexpr std::size_t kInodeBytes = std::size_t{2} * EXT2_GOOD_OLD_INODE_SIZE;

/// An inode in the table, with the room after its known fields.
struct Inode {
  ext2_inode_large fields{};
  std::array<char, kInodeBytes - sizeof(ext2_inode_large)> rest{};

  ext2_inode* base() { return reinterpret_cast<ext2_inode*>(&fields); }
  std::uint64_t size() const { return fields.i_size | std::uint64_t{fields.i_size_high} << 32U; }
  void set_size(std::uint64_t bytes);
  std::int64_t mtime_ns() const;
  std::int64_t ctime_ns() const;
};
static_assert(sizeof(Inode) == kInodeBytes);

/// An empty inode of root with one link; `type` is a LINUX_S_IF…
Inode make_inode(std::uint16_t type, std::uint32_t mode, std::int64_t mtime_ns,
                 std::int64_t ctime_ns);

Inode read_inode(const Filesystem& filesystem, ext2_ino_t number);
void write_inode(const Filesystem& filesystem, ext2_ino_t number, Inode& inode);

}  // namespace pyro::volume
