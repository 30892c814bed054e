#pragma once

#include <filesystem>
#include <optional>

#include "common/base/unique_fd.h"

namespace pyro {

/// Marks an installed environment, kernel or template as in use: a flock(2) on the file `in-use` in
/// its directory, which always ends with its process. A process deletes such a directory only under
/// an exclusive lock.
///
/// The service that runs machines holds one per environment and kernel (`rootfs_path`'s and
/// `kernel_path`'s parent) for as long as the machine lives.
class DirectoryLease {
 public:
  static constexpr const char* kFileName = "in-use";

  /// Takes a shared lease. kNotFound: the directory is gone or being deleted; resolve the
  /// environment again.
  static DirectoryLease take(const std::filesystem::path& directory);

  /// For deletion: nullopt when the directory is in use or gone.
  static std::optional<DirectoryLease> take_for_deletion(const std::filesystem::path& directory);

  /// Call it for a new directory, before the rename into its place.
  static void prepare(const std::filesystem::path& directory);

  /// The lock itself, as a descriptor of `in-use`.
  int fd() const { return fd_.get(); }

 private:
  explicit DirectoryLease(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace pyro
