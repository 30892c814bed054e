#include "services/files/git_seed/ignored_selection.h"

#include <chrono>
#include <filesystem>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "services/files/git_seed/limits.h"
#include "services/files/scratch_file.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

/// A file that holds the patterns, a line each.
std::string lines_of(const std::vector<std::string>& patterns) {
  std::string lines;
  for (const std::string& pattern : patterns) {
    if (trim(pattern).empty() ||
        pattern.find_first_of(std::string_view("\n\r\0", 3)) != pattern.npos) {
      throw invalid_argument("'{}' is no pattern of ignored files", printable(pattern));
    }
    lines += pattern + "\n";
  }
  return lines;
}

/// Directories without their slash.
std::vector<std::string> paths_in(const UniqueFd& listing) {
  const std::string text = read_to_end(listing.get(), git_limit::kListingBytes);
  std::vector<std::string> paths = split(text, '\0');
  std::erase(paths, "");
  for (std::string& path : paths) {
    if (path.ends_with('/')) path.pop_back();
  }
  return paths;
}

/// What git lists of the work tree. It reads ignore rules there, and no configuration.
std::vector<std::string> list_in_work_tree(const BorrowedRepository& repository, Git::Run run) {
  const std::string root = repository.source().work_tree.string();
  std::vector<std::string> arguments = {"-C",
                                        root,
                                        "-c",
                                        "core.bare=false",
                                        "--git-dir=" + repository.git().directory().string(),
                                        "--work-tree=" + root};
  arguments.insert(arguments.end(), run.arguments.begin(), run.arguments.end());
  run.arguments = std::move(arguments);
  // Rules can be a FIFO.
  run.time = std::chrono::minutes(2);
  const auto [result, listing] = repository.git().list(std::move(run), git_limit::kListingBytes);
  // `check-ignore` ends with 1 when no path is ignored.
  if (result.status.code > 1) {
    throw failed_precondition("git cannot tell what it ignores: {}", git_says(result));
  }
  return paths_in(listing);
}

}  // namespace

std::vector<std::string> select_ignored(const BorrowedRepository& repository, const HostView& view,
                                        const std::vector<std::string>& patterns) {
  const fs::path& own = repository.git().directory();
  write_scratch_file(own / "patterns", lines_of(patterns));
  fs::create_directory(own / "info");
  write_scratch_file(own / "info/exclude", view.exclude);
  const auto matched = list_in_work_tree(
      repository, {.arguments = {"ls-files", "-z", "--others", "--ignored", "--directory",
                                 "--exclude-from=" + (own / "patterns").string()}});
  if (matched.empty()) return {};
  // Without a prefix git takes a path that begins with a colon for a pattern.
  constexpr std::string_view kPrefix = "./";
  std::string question;
  for (const auto& path : matched) question.append(kPrefix).append(path) += '\0';
  const UniqueFd input = open_scratch_file(own / "matched", question);
  auto ignored = list_in_work_tree(
      repository, {.arguments = {"check-ignore", "--stdin", "-z"}, .input = input.get()});
  for (std::string& path : ignored) path.erase(0, kPrefix.size());
  return ignored;
}

}  // namespace pyro::files
