#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

/// The rules on paths inside of a tree, the same for all that comes in and goes out.
namespace pyro::tree {

/// Whether it is a path as Entry::path has them: no part is empty, `.`, `..` or too long, and
/// there is no NUL in it.
bool is_clean_path(std::string_view path);

/// Whether a symbolic link at `path` (clean) would lead out of the tree's top by its words alone:
/// an absolute target, or anywhere in it more `..` than there are directories above. Other links in
/// the tree are not considered.
bool leads_out(std::string_view path, std::string_view target);

/// The refusal of such a link.
Error escapes(std::string_view link);

/// The directory above; "" of a name at the top.
std::string_view parent_of(std::string_view path);
/// The last part.
std::string_view name_of(std::string_view path);
/// "" on either side gives the other.
std::string join(std::string_view directory, std::string_view name);

}  // namespace pyro::tree
