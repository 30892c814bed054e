#include "services/files/git_ignore.h"

#include <fcntl.h>
#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/digest/sha256.h"
#include "common/tree/path.h"
#include "common/tree/write.h"
#include "services/files/empty_repository.h"
#include "services/files/scratch_file.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

/// A list of as many paths as a scan may hold.
constexpr std::size_t kListingLimit = 256U << 20U;
/// Patterns can be made to take as long as one likes, an index as much memory.
constexpr std::chrono::seconds kTime(60);
constexpr Limits kLimits{.address_space_bytes = 2ULL << 30U, .file_size_bytes = kListingLimit};

Error unreadable(std::string_view why) {
  return failed_precondition(reason::kIgnoreRulesUnreadable,
                             "git cannot tell what the workspace ignores: {}; ask for the diff "
                             "with include_ignored",
                             why);
}

std::vector<std::string> split_at_nul(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    if (end == text.npos) throw internal_error("git's list of paths has no end");
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return parts;
}

/// Adds a directory and those above it.
void add_with_parents(std::set<std::string>& all, std::string_view directory) {
  while (!directory.empty() && all.emplace(directory).second)
    directory = tree::parent_of(directory);
}

}  // namespace

std::size_t index_id_bytes(std::string_view index) {
  constexpr std::size_t kSha256Bytes = 32;
  if (index.size() > kSha256Bytes) {
    std::string last;
    for (const char byte : index.substr(index.size() - kSha256Bytes)) {
      last += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    if (sha256_of_text(index.substr(0, index.size() - kSha256Bytes)) == last) return kSha256Bytes;
  }
  return 20;
}

std::string GitIgnore::list(Git::Run run) const {
  run.time = kTime;
  run.limits = kLimits;
  try {
    auto [result, file] = git_.list(std::move(run), kListingLimit);
    // `check-ignore` ends with 1 when no path is ignored.
    if (result.status.code > 1) throw unreadable(git_says(result));
    return read_to_end(file.get(), kListingLimit);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDeadlineExceeded) throw;
    throw unreadable("it took too long");
  }
}

void GitIgnore::write_rules(const IgnoreRules& rules, const fs::path& repository,
                            const std::string& tree,
                            const std::vector<std::string>& directories) const {
  make_empty_repository(repository);
  fs::create_directory(repository / "info");
  write_scratch_file(repository / "info/exclude", rules.exclude);
  std::set<std::string> needed(directories.begin(), directories.end());
  for (const auto& directory : directories) add_with_parents(needed, tree::parent_of(directory));
  for (const auto& [directory, content] : rules.files) add_with_parents(needed, directory);
  const UniqueFd own = open_file(git_.directory(), O_RDONLY | O_DIRECTORY);
  tree::Writer writer(own.get(), tree, tree::Trust::kHost);
  writer.entry({.kind = tree::EntryKind::kDirectory, .mode = 0700});
  for (const auto& directory : needed) {
    writer.entry({.path = directory, .kind = tree::EntryKind::kDirectory, .mode = 0700});
  }
  for (const auto& [directory, content] : rules.files) {
    writer.entry({.path = tree::join(directory, ".gitignore"), .mode = 0600});
    writer.data(content);
    writer.end_file();
  }
  writer.finish();
}

std::vector<std::string> GitIgnore::matched(const IgnoreRules& rules,
                                            const std::vector<std::string>& paths,
                                            const std::vector<std::string>& directories) {
  const std::string number = std::to_string(++count_);
  const fs::path repository = git_.directory() / ("rules-" + number);
  write_rules(rules, repository, "tree-" + number, directories);
  // Without a prefix git takes a path that begins with a colon for a pattern.
  constexpr std::string_view kPrefix = "./";
  std::string question;
  for (const auto& path : paths) question.append(kPrefix).append(path) += '\0';
  const UniqueFd input = open_scratch_file(git_.directory() / ("paths-" + number), question);
  const std::string answer =
      list({.arguments = {"-C", "tree-" + number, "-c", "core.bare=false",
                          "--git-dir=" + repository.string(), "--work-tree=.", "check-ignore",
                          "--no-index", "--stdin", "-z"},
            .input = input.get()});
  std::vector<std::string> found = split_at_nul(answer);
  for (auto& path : found) {
    if (!path.starts_with(kPrefix)) throw internal_error("git names a path that was not asked for");
    path.erase(0, kPrefix.size());
  }
  return found;
}

std::set<std::string, std::less<>> GitIgnore::tracked(const GitIndex& index) {
  const fs::path repository = git_.directory() / ("index-" + std::to_string(++count_));
  make_empty_repository(repository, index_id_bytes(index.content) == 32 ? "sha256" : "sha1");
  write_scratch_file(repository / "index", index.content);
  for (const auto& [name, content] : index.shared) write_scratch_file(repository / name, content);
  auto paths = split_at_nul(list(
      {.arguments = {"--git-dir=" + repository.string(), "ls-files", "--cached", "--sparse", "-z"},
       .variables = {{"GIT_INDEX_FILE", (repository / "index").string()}}}));
  return {std::make_move_iterator(paths.begin()), std::make_move_iterator(paths.end())};
}

}  // namespace pyro::files
