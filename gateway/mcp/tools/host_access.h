#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::mcp {

/// The host's paths that a client may name. What it names is a model's word: hostile until
/// checked here.
class HostAccess {
 public:
  /// Below `working_directory`, unless that is the root, a home directory or above one, and below
  /// each of `allowed`. Relative paths start at the working directory.
  HostAccess(std::filesystem::path working_directory,
             const std::vector<std::filesystem::path>& allowed,
             const std::vector<std::filesystem::path>& homes);

  /// The path without symlinks, absolute. kInvalidArgument: it leads outside, or through a symlink
  /// that leads nowhere; `field` is what the refusal calls it.
  std::string checked(std::string_view field, const std::string& path) const;

 private:
  std::filesystem::path working_directory_;
  std::vector<std::filesystem::path> allowed_;
};

}  // namespace pyro::mcp
