#include "gateway/mcp/tools/host_access.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"

namespace pyro::mcp {
namespace {

namespace fs = std::filesystem;

bool lies_below(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

/// Without symlinks in the part that exists, and nothing but plain names after it.
fs::path resolved(const fs::path& path) {
  fs::path exists;
  auto part = path.begin();
  for (; part != path.end(); ++part) {
    if (part->empty() || *part == ".") continue;
    if (!fs::exists(fs::symlink_status(exists / *part))) break;
    exists = fs::canonical(exists / *part);  // throws for a symlink that leads nowhere
  }
  for (; part != path.end(); ++part) {
    if (*part == "..") throw invalid_argument("'..' after a part that does not exist");
    if (!part->empty() && *part != ".") exists /= *part;
  }
  return exists;
}

fs::path canonical_root(const fs::path& path) {
  std::error_code none;
  auto root = fs::canonical(path, none);
  return none ? fs::path() : root;
}

}  // namespace

HostAccess::HostAccess(Places places, const std::vector<fs::path>& homes)
    : working_directory_(std::move(places.working_directory)) {
  const auto add = [](std::vector<fs::path>& to, fs::path root) {
    const bool there = std::find(to.begin(), to.end(), root) != to.end();
    if (!root.empty() && !there) to.push_back(std::move(root));
  };
  for (const auto& path : places.allowed) add(allowed_, canonical_root(path));
  if (!places.project.empty()) add(own_, canonical_root(places.project));
  const fs::path here = canonical_root(working_directory_);
  const auto is_above = [&here](const fs::path& home) {
    const fs::path at = canonical_root(home);
    return !at.empty() && lies_below(at, here);
  };
  const bool too_wide =
      here.empty() || here == here.root_path() || std::any_of(homes.begin(), homes.end(), is_above);
  if (!too_wide) add(own_, here);
}

std::string HostAccess::checked(std::string_view field, const std::string& path) const {
  if (path.empty()) throw invalid_argument("{} must not be empty", field);
  // A directory of that name is not what the caller means.
  if (path == "~" || path.starts_with("~/")) {
    throw invalid_argument("{} '{}': no shell expands '~' here: give the whole path", field, path);
  }
  fs::path target;
  try {
    target = resolved(working_directory_ / path);
  } catch (const std::exception& error) {
    throw invalid_argument("{} '{}' cannot be resolved: {}", field, path, error.what());
  }
  const auto holds = [&target](const fs::path& root) { return lies_below(target, root); };
  std::vector<fs::path> all = allowed_;
  all.insert(all.end(), own_.begin(), own_.end());
  if (std::any_of(all.begin(), all.end(), holds)) return target.string();
  std::vector<std::string> roots;
  for (const auto& root : all) roots.push_back("'" + root.string() + "'");
  throw invalid_argument(
      reason::kHostPathRefused,
      "{} '{}' lies outside what this server may touch on the host ({}); the user who started it "
      "can allow more with --allow-path DIR",
      field, path, roots.empty() ? "nothing" : join(roots, ", "));
}

std::string HostAccess::guarded_directory(const std::string& checked) const {
  const auto holds = [&checked](const fs::path& root) { return lies_below(checked, root); };
  if (std::any_of(allowed_.begin(), allowed_.end(), holds)) return "";
  const auto own = std::find_if(own_.begin(), own_.end(), holds);
  return own == own_.end() ? "/" : own->string();
}

std::string HostAccess::default_output(const std::string& path) const {
  if (own_.empty()) {
    throw invalid_argument("output_path is required: this server has no project to export to");
  }
  fs::path source = fs::path(path).lexically_normal();
  if (!source.has_filename()) source = source.parent_path();
  std::string name = source.filename().string();
  if (name.empty() || name == "." || name == "..") name = "workspace";
  const fs::path directory = own_.front() / ".pyro/exports";
  fs::path output = directory / name;
  constexpr int kMostCopies = 1000;
  for (int copy = 2; copy <= kMostCopies && fs::exists(fs::symlink_status(output)); ++copy) {
    output = directory / fmt::format("{}-{}", name, copy);
  }
  return output.string();
}

}  // namespace pyro::mcp
