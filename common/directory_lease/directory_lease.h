#pragma once

#include <filesystem>
#include <optional>

#include "common/base/unique_fd.h"

namespace pyro {

/// Says that an installed environment, kernel or template is in use: a flock(2) on the file
/// `in-use` in its directory, so that it ends with the process that holds it, however that one
/// ends. Whoever deletes such a directory deletes only what it can take exclusively.
///
/// Whoever runs machines holds one per environment and kernel (`rootfs_path`'s and `kernel_path`'s
/// parent) for as long as the machine lives.
class DirectoryLease {
 public:
  static constexpr const char* kFileName = "in-use";

  /// Shared with any number of users. kNotFound when the directory is gone or being deleted: an
  /// environment is then resolved again.
  static DirectoryLease take(const std::filesystem::path& directory);

  /// For deletion: nullopt when somebody uses the directory, or when it is no more.
  static std::optional<DirectoryLease> take_for_deletion(const std::filesystem::path& directory);

  /// To be called where such a directory is made, before it is renamed into its place.
  static void prepare(const std::filesystem::path& directory);

  /// The lock itself, as a descriptor of `in-use`.
  int fd() const { return fd_.get(); }

 private:
  explicit DirectoryLease(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace pyro
