#include "services/files/workspace_path.h"

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/tree.h"

namespace pyro::files {
namespace {

constexpr std::string_view kTop = "/workspace";
constexpr std::size_t kShownColumns = 80;

std::string_view name_of(PathUse use) {
  return use == PathUse::kDestination ? "destination" : "path";
}

}  // namespace

std::string workspace_path(std::string_view given, PathUse use) {
  if (given.empty()) throw invalid_argument("workspace {} must not be empty", name_of(use));
  const auto outside = [use] {
    return invalid_argument(reason::kOutsideWorkspace, "workspace {} must stay inside /workspace",
                            name_of(use));
  };
  if (use != PathUse::kGitName && (given == "~" || given.starts_with("~/"))) {
    throw invalid_argument(
        reason::kOutsideWorkspace,
        "workspace {} '{}': no shell expands '~' here: name a path below /workspace, or './~/…' "
        "for a directory named '~'",
        name_of(use), one_line(given, kShownColumns));
  }
  if (given.starts_with('/')) {
    // Slashes are counted only after the first part, as Linux does: `//workspace` is /workspace.
    given.remove_prefix(std::min(given.find_first_not_of('/'), given.size()) - 1);
    if (!given.starts_with(kTop)) throw outside();
    given.remove_prefix(kTop.size());
    if (!given.empty() && !given.starts_with('/')) throw outside();
  }
  std::string path;
  for (const std::string& part : split(given, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") throw outside();
    if (part.size() > tree::kMaxNameBytes || part.find('\0') != std::string::npos) {
      throw invalid_argument("workspace {} holds a name that no file can have", name_of(use));
    }
    if (!path.empty()) path += '/';
    path += part;
  }
  if (path.size() > tree::kMaxPathBytes) {
    throw invalid_argument("workspace {} is longer than {} bytes", name_of(use),
                           tree::kMaxPathBytes);
  }
  return path;
}

std::string absolute_workspace_path(std::string_view path) {
  std::string absolute(kTop);
  if (!path.empty()) absolute += '/';
  return absolute.append(path);
}

}  // namespace pyro::files
