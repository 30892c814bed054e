#pragma once

#include <string>
#include <string_view>

/// The rules on paths that callers give.
namespace pyro::files {

/// The use of a path, as refusals name it.
enum class PathUse {
  kPath,
  kDestination,
  kGitName,  ///< of a patch: no one takes `~` in it for a home directory
};

/// The clean path relative to the tree of what a caller named: relative to /workspace, or absolute
/// within it; "" is /workspace itself. kInvalidArgument: `workspace path must not be empty`,
/// `workspace path must stay inside /workspace` (outside, or a `..` anywhere), beginning with
/// `~/`, or longer than Linux has paths and names.
std::string workspace_path(std::string_view given, PathUse use = PathUse::kPath);

/// `/workspace/…` of a path relative to the tree.
std::string absolute_workspace_path(std::string_view path);

}  // namespace pyro::files
