#include "services/files/git_directory_name.h"

#include <algorithm>
#include <string>

#include "common/base/text.h"
#include "services/files/folded_name.h"

namespace pyro::files {

bool is_git_directory_name(std::string_view name) {
  const std::string folded = folded_name(name);
  return folded == ".git" || folded == "git~1";
}

bool has_git_directory_name(std::string_view path) {
  const auto parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), is_git_directory_name);
}

}  // namespace pyro::files
