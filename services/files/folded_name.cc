#include "services/files/folded_name.h"

#include <algorithm>
#include <cctype>

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

}  // namespace

std::string folded_name(std::string_view name) {
  std::string folded = without_ignored(name.substr(0, name.find_first_of(":\\")));
  while (folded.ends_with('.') || folded.ends_with(' ')) folded.pop_back();
  for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return folded;
}

}  // namespace pyro::files
