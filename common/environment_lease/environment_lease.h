#pragma once

#include <filesystem>
#include <optional>

#include "common/base/unique_fd.h"

namespace pyro {

/// Says that an installed environment or kernel is in use: a flock(2) on the file `in-use` in its
/// directory, so that it ends with the process that holds it, however that one ends.
///
/// Whoever runs machines holds one per directory (`rootfs_path`'s and `kernel_path`'s parent) for
/// as long as the machine lives; the image service deletes only what it can take exclusively.
class EnvironmentLease {
 public:
  static constexpr const char* kFileName = "in-use";

  /// Shared with any number of users. kNotFound when the directory is gone or being deleted: the
  /// caller resolves the environment again.
  static EnvironmentLease take(const std::filesystem::path& directory);

  /// For deletion: nullopt when somebody uses the directory, or when it is no more.
  static std::optional<EnvironmentLease> take_for_deletion(const std::filesystem::path& directory);

  /// To be called where such a directory is made, before it is renamed into its place.
  static void prepare(const std::filesystem::path& directory);

 private:
  explicit EnvironmentLease(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace pyro
