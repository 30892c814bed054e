#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/tree/tree.h"

namespace pyro::volume {

/// An inode of a disk, as far as a listing shows it.
struct DiskNode {
  std::uint32_t inode = 0;
  tree::EntryKind kind = tree::EntryKind::kOther;
  std::uint64_t size = 0;
  /// A device 0:0, by which an overlay deletes a name of the layer below.
  bool is_whiteout = false;
};

/// Reads an ext4 file system that a guest wrote, as a mount would show it: with its journal
/// replayed, but in memory. Hostile content is an Error (internal: the disk is damaged), or takes
/// time: use it in a process that a fault, a full memory or a time limit may end.
class GuestDisk {
 public:
  explicit GuestDisk(const std::filesystem::path& file);
  GuestDisk(const GuestDisk&) = delete;
  GuestDisk& operator=(const GuestDisk&) = delete;
  ~GuestDisk();

  DiskNode root() const;
  DiskNode look_at(std::uint32_t inode) const;
  /// What a directory has under a name.
  std::optional<DiskNode> find(const DiskNode& directory, std::string_view name) const;
  /// Calls `take` for each name of a directory, in no order. False from it ends the walk.
  void list(const DiskNode& directory,
            const std::function<bool(std::string_view name, std::uint32_t inode)>& take) const;
  /// At most `max_bytes` of a file from `offset` on; holes are zeros.
  std::string read(const DiskNode& file, std::uint64_t offset, std::uint64_t max_bytes) const;
  std::string link_target(const DiskNode& link) const;
  /// Whether an overlay shows nothing of the layer below in this directory.
  bool is_opaque(const DiskNode& directory) const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace pyro::volume
