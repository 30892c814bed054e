#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

/// Paths of requests: relative to the tree, with its rules.
namespace pyro::agent::files {

/// As its user knows it: `/workspace/…`.
std::string shown(std::string_view path);

/// The path itself. kInvalidArgument: it is absolute, climbs, or is otherwise no path in a tree.
const std::string& checked(const std::string& path);

Error does_not_exist(std::string_view path);

/// openat2(2) for reading: symbolic links on the way are followed as long as they lead beneath
/// `tree`, one at the end is not. kNotFound, or kFailedPrecondition for a way that leads out. The
/// descriptor may be none with errno ELOOP or ENXIO: there is something else at the end.
UniqueFd open_for_reading(int tree, const std::string& path, int flags);

/// The entry at a path, with the links on its way followed.
struct Found {
  UniqueFd directory;
  std::string name;  ///< relative to it; "" when it is the tree itself
};
Found find_for_reading(int tree, const std::string& path);

}  // namespace pyro::agent::files
