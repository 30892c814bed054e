#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

/// The rules for paths inside a tree, the same for input and output.
namespace pyro::tree {

/// Whether it is a valid Entry::path: no part is empty, `.`, `..` or too long, and it has no NUL.
bool is_clean_path(std::string_view path);

/// Whether the target of a symbolic link at `path` (clean) alone leads out of the tree: an absolute
/// target, or anywhere in it more `..` than directories above. Ignores other links in the tree.
bool leads_out(std::string_view path, std::string_view target);

/// The refusal of such a link.
Error escapes(std::string_view link);

/// The refusal of a tree with `path`, which is longer than paths may be, though it was made name by
/// name: says how to get rid of it. failed_precondition (too_large).
Error too_deep(std::string_view path);

/// The parent directory; "" for a name at the top.
std::string_view parent_of(std::string_view path);
/// The last part.
std::string_view name_of(std::string_view path);
/// Joins both; "" on either side returns the other.
std::string join(std::string_view directory, std::string_view name);

}  // namespace pyro::tree
