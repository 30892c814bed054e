#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

/// Paths of requests: relative to the tree, under its rules.
namespace pyro::agent::files {

/// The path as the user sees it: `/workspace/…`.
std::string shown(std::string_view path);

/// Returns the path. kInvalidArgument: it is absolute, climbs, or is otherwise invalid in a tree.
const std::string& checked(const std::string& path);

Error does_not_exist(std::string_view path);

/// openat2(2) for reading: follows symbolic links on the way if they lead beneath `tree`, but not
/// one at the end. kNotFound; kFailedPrecondition: the path leads out. Returns no descriptor, with
/// errno ELOOP or ENXIO, if another type of entry is at the end.
UniqueFd open_for_reading(int tree, const std::string& path, int flags);

/// The entry at a path, after following the links on the way.
struct Found {
  UniqueFd directory;
  std::string name;  ///< relative to it; "" for the tree itself
};
Found find_for_reading(int tree, const std::string& path);

}  // namespace pyro::agent::files
