#include "services/files/git_directory_name.h"

#include <strings.h>

#include <algorithm>
#include <string>

#include "common/base/text.h"

namespace pyro::files {
namespace {

/// git's next_hfs_char (utf8.c): what HFS+ leaves out of a name when it compares.
constexpr std::string_view kIgnoredByHfs[] = {
    "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d",
    "\u202e", "\u206a", "\u206b", "\u206c", "\u206d", "\u206e", "\u206f", "\ufeff"};

std::string without_ignored(std::string_view name) {
  std::string left;
  while (!name.empty()) {
    const auto* ignored = std::find_if(std::begin(kIgnoredByHfs), std::end(kIgnoredByHfs),
                                       [name](std::string_view c) { return name.starts_with(c); });
    if (ignored == std::end(kIgnoredByHfs)) {
      left += name.front();
      name.remove_prefix(1);
    } else {
      name.remove_prefix(ignored->size());
    }
  }
  return left;
}

/// NTFS drops dots and spaces at a name's end and takes what follows a colon for a stream; `\` is a
/// separator there.
bool is_for_ntfs(std::string_view name) {
  name = name.substr(0, name.find_first_of(":\\"));
  while (name.ends_with('.') || name.ends_with(' ')) name.remove_suffix(1);
  return ::strcasecmp(std::string(name).c_str(), ".git") == 0 ||
         ::strcasecmp(std::string(name).c_str(), "git~1") == 0;
}

}  // namespace

bool is_git_directory_name(std::string_view name) {
  return is_for_ntfs(name) || ::strcasecmp(without_ignored(name).c_str(), ".git") == 0;
}

bool has_git_directory_name(std::string_view path) {
  const auto parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), is_git_directory_name);
}

}  // namespace pyro::files
