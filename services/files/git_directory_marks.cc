#include "services/files/git_directory_marks.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/base/files.h"
#include "common/base/text.h"
#include "services/files/folded_name.h"
#include "services/files/git_directory_name.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

/// Longer than any path and its word.
constexpr std::size_t kGitFileBytes = 8192;

bool lies_below(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

bool is_there(const fs::path& path) {
  std::error_code none;
  return fs::exists(fs::symlink_status(path, none));
}

/// Where the file `.git` in `directory` leads, if there is one. Its target may be missing yet.
std::optional<fs::path> target_of_git_file(const fs::path& directory) {
  const fs::path file = directory / ".git";
  std::error_code none;
  if (!fs::is_regular_file(fs::symlink_status(file, none))) return std::nullopt;
  constexpr std::string_view kWord = "gitdir: ";
  const std::string text = read_file(file, kGitFileBytes);
  if (!text.starts_with(kWord)) return std::nullopt;
  fs::path target = directory / std::string(trim(text.substr(kWord.size())));
  fs::path found = fs::weakly_canonical(target, none);
  return none ? target.lexically_normal() : found;
}

}  // namespace

GitDirectoryMarks GitDirectoryMarks::of(const fs::path& directory) {
  GitDirectoryMarks marks;
  for (const char* name : {"objects", "refs", "HEAD", "commondir"}) {
    if (is_there(directory / name)) marks.add(name);
  }
  return marks;
}

void GitDirectoryMarks::add(std::string_view name) {
  const std::string folded = folded_name(name);
  objects_ = objects_ || folded == "objects";
  refs_ = refs_ || folded == "refs";
  head_ = head_ || folded == "head";
  common_directory_ = common_directory_ || folded == "commondir";
}

bool lies_in_git_directory(const fs::path& path) {
  if (has_git_directory_name(path.string())) return true;
  fs::path above = path.root_path();
  for (const auto& part : path.relative_path()) {
    GitDirectoryMarks marks = GitDirectoryMarks::of(above);
    marks.add(part.string());
    if (marks.complete()) return true;
    const auto leads_to = target_of_git_file(above);
    if (leads_to && (lies_below(path, *leads_to) || lies_below(*leads_to, path))) return true;
    above /= part;
  }
  return false;
}

}  // namespace pyro::files
