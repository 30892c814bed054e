#pragma once

#include <string>
#include <string_view>

/// The rules on paths inside of a tree, the same for all that comes in and goes out.
namespace pyro::tree {

/// Whether it is a path as Entry::path has them.
bool is_clean_path(std::string_view path);

/// Whether a symbolic link at `path` (clean) would lead out of the tree's top: an absolute target,
/// or more `..` than there are directories above it.
bool leads_out(std::string_view path, std::string_view target);

/// The directory above; "" of a name at the top.
std::string_view parent_of(std::string_view path);
/// The last part.
std::string_view name_of(std::string_view path);
std::string join(std::string_view directory, std::string_view name);

}  // namespace pyro::tree
