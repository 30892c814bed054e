#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

/// Keeps file operations inside a tree, even if it changes meanwhile.
namespace pyro::tree {

/// openat2(2) with O_CLOEXEC and RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
/// "" is `directory` itself. On failure nothing is held and errno says why: ELOOP for a symbolic
/// link in the path (unless O_PATH | O_NOFOLLOW asks for the link that ends it).
UniqueFd open_beneath(int directory, const std::string& path, int flags, unsigned mode = 0);

/// Whether `path`, with all symbolic links followed, ends above `directory`.
bool leads_above(int directory, const std::string& path);

/// Whether errno of open_beneath says that an entry seen earlier is gone or replaced.
bool is_gone(int error_number);

/// The names in a directory without `.` and `..`, unordered. Errors call it `shown`.
std::vector<std::string> names_in(int directory, std::string_view shown);

/// system_error with the path, quoted and printable; "" as '.'.
Error path_error(std::string_view call, std::string_view path, int error_number = errno);

}  // namespace pyro::tree
