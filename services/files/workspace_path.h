#pragma once

#include <string>
#include <string_view>

/// The rules for paths from callers.
namespace pyro::files {

/// The use of a path, for refusals.
enum class PathUse {
  kPath,
  kDestination,
  kGitName,  ///< in a patch, where `~` is a name like any other
};

/// The clean path relative to the tree for a caller's path: relative to /workspace, or absolute
/// within it; "" is /workspace itself. kInvalidArgument: `workspace path must not be empty`,
/// `workspace path must stay inside /workspace` (outside, or a `..` anywhere), a `~/` in front, or
/// over Linux's limits of paths and names.
std::string workspace_path(std::string_view given, PathUse use = PathUse::kPath);

/// `/workspace/…` of a path relative to the tree.
std::string absolute_workspace_path(std::string_view path);

}  // namespace pyro::files
