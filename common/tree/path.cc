#include "common/tree/path.h"

#include <algorithm>

#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/tree.h"

namespace pyro::tree {
namespace {

/// Cuts the first part off `rest`, with the slash behind it.
std::string_view take_part(std::string_view& rest) {
  const std::string_view part = rest.substr(0, rest.find('/'));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

}  // namespace

bool is_clean_path(std::string_view path) {
  if (path.empty()) return true;
  if (path.size() > kMaxPathBytes || path.back() == '/') return false;
  if (path.find('\0') != std::string_view::npos) return false;
  while (!path.empty()) {
    const std::string_view part = take_part(path);
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxNameBytes) return false;
  }
  return true;
}

bool leads_out(std::string_view path, std::string_view target) {
  if (target.starts_with('/')) return true;
  auto depth = std::count(path.begin(), path.end(), '/');
  while (!target.empty()) {
    const std::string_view part = take_part(target);
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

Error escapes(std::string_view link) {
  return invalid_argument("symlink {} escapes the workspace", printable(link));
}

Error too_deep(std::string_view path) {
  constexpr std::size_t kShownColumns = 60;
  return failed_precondition(
      reason::kTooLarge,
      "'{}' is a path of more than {} bytes, which no call can take: remove it with rm -rf in the "
      "workspace, or reset that",
      one_line(path, kShownColumns), kMaxPathBytes);
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string join(std::string_view directory, std::string_view name) {
  if (directory.empty() || name.empty()) return std::string(directory.empty() ? name : directory);
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  return path.append(directory).append("/").append(name);
}

}  // namespace pyro::tree
