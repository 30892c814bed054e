#pragma once

#include <string_view>

namespace pyro::files {

/// Whether git refuses to check out a file of this name, since some file system treats it as
/// `.git`: in any case, with code points that HFS+ ignores, or as NTFS writes it.
bool is_git_directory_name(std::string_view name);

/// Whether any part of the path is such a name.
bool has_git_directory_name(std::string_view path);

}  // namespace pyro::files
