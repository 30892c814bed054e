#pragma once

#include <string>

#include "common/base/unique_fd.h"

/// Paths on the host that a caller named.
namespace pyro::files {

/// The treatment of symbolic links on the way.
enum class Links {
  kFollow,  ///< they are the caller's own
  kRefuse,  ///< the path was resolved and checked: a link in it came afterwards
};

inline Links links_for(bool by_model) { return by_model ? Links::kRefuse : Links::kFollow; }

/// open(2) of an absolute path with O_CLOEXEC; on failure nothing is held and errno says why.
/// kInvalidArgument: kRefuse, and there is a link on the way, or at its end unless `flags` have
/// O_PATH and O_NOFOLLOW.
UniqueFd open_host_path(const std::string& path, int flags, Links links);

/// Makes what is missing of the directory and opens it (O_PATH). `path` is absolute and has no
/// `..`. Throws as open_host_path does, and the Error of the call that failed.
UniqueFd make_host_directory(const std::string& path, Links links);

}  // namespace pyro::files
