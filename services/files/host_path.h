#pragma once

#include <string>

#include "common/base/unique_fd.h"

/// Paths on the host from a caller.
namespace pyro::files {

/// How to treat symbolic links on the way.
enum class Links {
  kFollow,  ///< the links are the caller's own
  kRefuse,  ///< the path is resolved and checked: a link in it is new
};

inline Links links_for(bool by_model) { return by_model ? Links::kRefuse : Links::kFollow; }

/// open(2) of an absolute path with O_CLOEXEC; on failure nothing is held and errno says why.
/// kInvalidArgument: kRefuse, and a link is on the way, or at the end unless `flags` have O_PATH
/// and O_NOFOLLOW.
UniqueFd open_host_path(const std::string& path, int flags, Links links);

/// Makes the missing parts of the directory and opens it (O_PATH). `path` is absolute without `..`.
/// Throws as open_host_path does, and the Error of a failed call.
UniqueFd make_host_directory(const std::string& path, Links links);

}  // namespace pyro::files
