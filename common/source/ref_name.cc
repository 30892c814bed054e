#include "common/source/ref_name.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/tree/path.h"

namespace pyro::source {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_forbidden(char c) {
  constexpr std::string_view kForbidden = " ~^:?*[\\\x7F";
  return static_cast<unsigned char>(c) < 0x20 || kForbidden.find(c) != std::string_view::npos;
}

}  // namespace

bool is_object_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && std::all_of(text.begin(), text.end(), is_hex);
}

bool is_ref_name(std::string_view name) {
  if (!name.starts_with("refs/") || !tree::is_clean_path(name) || name.ends_with('.') ||
      std::any_of(name.begin(), name.end(), is_forbidden) ||
      name.find("..") != std::string_view::npos || name.find("@{") != std::string_view::npos) {
    return false;
  }
  const auto parts = split(name, '/');
  return std::none_of(parts.begin(), parts.end(), [](const std::string& part) {
    return part.starts_with('.') || part.ends_with(".lock");
  });
}

void check_ref(const std::string& ref) {
  if (!ref.starts_with('-') && is_ref_name("refs/heads/" + ref)) return;
  throw invalid_argument(
      "--repo-ref '{}' is not the name of a branch or tag, nor the whole id of a commit",
      printable(ref));
}

}  // namespace pyro::source
