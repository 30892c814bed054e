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
  /// The directories that a server has by itself, and those that its user gave it.
  struct Places {
    std::filesystem::path working_directory;
    std::filesystem::path project{};  ///< empty: none
    std::vector<std::filesystem::path> allowed{};
  };

  /// Below the working directory, unless that is the root, a home directory or above one, the
  /// project, and each of `allowed`. Relative paths start at the working directory.
  HostAccess(Places places, const std::vector<std::filesystem::path>& homes);

  /// The path without symlinks, absolute. kInvalidArgument: it leads outside, or through a symlink
  /// that leads nowhere; `field` is what the refusal calls it.
  std::string checked(std::string_view field, const std::string& path) const;

  /// The own directory in which a checked path lies; "" where the user allowed it.
  std::string guarded_directory(const std::string& checked) const;

  /// A free path, for the copy of `path` of a workspace, in `.pyro/exports` of the project or else
  /// of the working directory. kInvalidArgument: the server may write to neither.
  std::string default_output(const std::string& path) const;

 private:
  std::filesystem::path working_directory_;
  std::vector<std::filesystem::path> own_;
  std::vector<std::filesystem::path> allowed_;
};

}  // namespace pyro::mcp
