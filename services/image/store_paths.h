#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace pyro::image {

/// Where everything of the store lies. Both directories may be shared by several processes of one
/// user.
struct StorePaths {
  std::filesystem::path environments_dir;
  std::filesystem::path kernels_dir;

  static constexpr const char* kBuildingPrefix = ".building";
  static constexpr const char* kDeletingPrefix = ".deleting";

  std::filesystem::path environment(std::string_view digest) const {
    return environments_dir / digest;
  }
  std::filesystem::path kernel(std::string_view digest) const { return kernels_dir / digest; }
  std::filesystem::path references() const { return environments_dir / "references"; }
  std::filesystem::path reference(std::string_view name) const {
    return references() / (std::string(name) + ".json");
  }
  std::filesystem::path locks() const { return environments_dir / "locks"; }
  /// Held while an environment of that name is pulled.
  std::filesystem::path pull_lock(std::string_view name) const {
    return locks() / (std::string(name) + ".lock");
  }
  /// Held while a kernel is looked for and built.
  std::filesystem::path kernel_lock() const { return locks() / "kernel.lock"; }
  /// Held for the moments in which directories appear, get their name, or go.
  std::filesystem::path store_lock() const { return locks() / "store.lock"; }
};

}  // namespace pyro::image
