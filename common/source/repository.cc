#include "common/source/repository.h"

#include <sys/stat.h>

#include <algorithm>

#include "common/base/reasons/environment.h"
#include "common/base/text.h"
#include "common/source/ownership.h"
#include "common/source/ref_name.h"

namespace pyro::source {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLineLimit = 8192;
/// As git's own (MAXDEPTH in refs/files-backend.c).
constexpr int kSymbolicDepth = 5;

/// The content of a file of one line, as git writes it.
std::string line_of(const fs::path& directory, const std::string& name) {
  const auto text = read_git_file(directory, name, kLineLimit);
  if (!text) {
    throw failed_precondition("'{}' is missing", printable((directory / name).string()));
  }
  return std::string(trim(*text));
}

/// The directory that `said` names, seen from `from`.
fs::path directory_named(const fs::path& from, const std::string& said) {
  std::error_code failed;
  fs::path found = fs::canonical(from / said, failed);
  if (failed || !fs::is_directory(found, failed)) {
    throw failed_precondition("'{}', to which it leads, is no directory", printable(said));
  }
  return found;
}

fs::path git_directory_of(const fs::path& work_tree, GitDirectoryPlace place, int nesting);

/// Whether a linked work tree's directory names the `.git` file that leads to it.
bool names_back(const fs::path& git_directory, const fs::path& work_tree) {
  const auto back = read_git_file(git_directory, "gitdir", kLineLimit);
  if (!back) return false;
  const fs::path named = git_directory / std::string(trim(*back));
  std::error_code failed;
  const bool same = fs::equivalent(named.parent_path(), work_tree, failed);
  return same && !failed && named.filename() == ".git";
}

/// Whether it lies among the modules of a work tree that holds this one.
bool is_module_of_parent(const fs::path& git_directory, const fs::path& work_tree,
                         GitDirectoryPlace place, int nesting) {
  for (fs::path above = work_tree; above.has_relative_path();) {
    above = above.parent_path();
    struct stat info {};
    if (::lstat((above / ".git").c_str(), &info) != 0) continue;
    std::error_code failed;
    // Its last part is not resolved: as a symbolic link it could hold any repository.
    const fs::path modules =
        fs::canonical(git_directory_of(above, place, nesting + 1), failed) / "modules";
    if (failed) return false;
    const auto [end, ignored] =
        std::mismatch(modules.begin(), modules.end(), git_directory.begin(), git_directory.end());
    return end == modules.end() && modules != git_directory;
  }
  return false;
}

Error elsewhere(const fs::path& work_tree, const fs::path& found, std::string_view way) {
  return failed_precondition(reason::kRepositoryElsewhere,
                             "the '.git' of '{}' leads to '{}', {}; a linked work tree "
                             "(`git worktree add`) or a clone works as it is",
                             printable(work_tree.string()), printable(found.string()), way);
}

/// core.bare as git writes it. It decides on a sentence alone.
bool says_bare(const fs::path& git_directory) {
  constexpr std::size_t kLimit = 1U << 20U;
  const auto text = read_git_file(git_directory, "config", kLimit);
  const auto lines = split(text.value_or(""), '\n');
  return std::any_of(lines.begin(), lines.end(),
                     [](const std::string& line) { return trim(line) == "bare = true"; });
}

/// Where `.git`, which is no directory, leads.
fs::path led_to(const fs::path& work_tree, mode_t mode) {
  if (S_ISLNK(mode)) return directory_named(work_tree, ".git");
  if (!S_ISREG(mode)) throw failed_precondition("'.git' is neither a directory nor a file");
  constexpr std::string_view kWord = "gitdir: ";
  const std::string line = line_of(work_tree, ".git");
  if (!line.starts_with(kWord)) throw failed_precondition("the file '.git' names no directory");
  return directory_named(work_tree, line.substr(kWord.size()));
}

fs::path git_directory_of(const fs::path& work_tree, GitDirectoryPlace place, int nesting) {
  struct stat info {};
  const fs::path named = work_tree / ".git";
  if (::lstat(named.c_str(), &info) != 0)
    throw system_error(fmt::format("stat '{}'", named.string()));
  if (S_ISDIR(info.st_mode)) return named;
  fs::path found = led_to(work_tree, info.st_mode);
  if (S_ISREG(info.st_mode) && nesting < kSubmoduleNesting &&
      (names_back(found, work_tree) || is_module_of_parent(found, work_tree, place, nesting))) {
    return found;
  }
  if (says_bare(found)) {
    throw elsewhere(work_tree, found, "a bare repository, which has no files of its own");
  }
  if (place == GitDirectoryPlace::kAnywhere) return found;
  throw elsewhere(work_tree, found,
                  "which pyro follows only for a project that you name (--project-path)");
}

/// Only a linked work tree has another one.
fs::path common_directory_of(const fs::path& git_directory) {
  if (!read_git_file(git_directory, "commondir", kLineLimit)) return git_directory;
  fs::path common = directory_named(git_directory, line_of(git_directory, "commondir"));
  std::error_code failed;
  if (fs::canonical(git_directory, failed).parent_path() != common / "worktrees") {
    throw failed_precondition("'{}' belongs to no linked work tree of '{}'",
                              printable(git_directory.string()), printable(common.string()));
  }
  return common;
}

/// The id of `ref` in packed-refs, whose lines are `ID NAME`; "" when it is not there.
std::string packed_id(const Repository& repository, const std::string& ref) {
  const std::string packed = read_packed_refs(repository);
  const std::string wanted = " " + ref + "\n";
  for (std::size_t at = packed.find(wanted); at != std::string::npos;
       at = packed.find(wanted, at + 1)) {
    const std::size_t before = packed.rfind('\n', at);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    std::string id = packed.substr(begin, at - begin);
    if (is_object_id(id)) return id;
  }
  return "";
}

/// Follows HEAD to a commit, or to a branch that has none yet.
void resolve_head(Repository& repository) {
  constexpr std::string_view kSymbolic = "ref:";
  std::string said = line_of(repository.git_directory, "HEAD");
  for (int depth = 0; said.starts_with(kSymbolic); ++depth) {
    repository.branch = trim(std::string_view(said).substr(kSymbolic.size()));
    if (repository.branch == "refs/heads/.invalid") {
      throw failed_precondition(
          "its refs are kept as a reftable, which this pyro does not read (`git refs migrate "
          "--ref-format=files` converts them)");
    }
    if (!is_ref_name(repository.branch) || depth == kSymbolicDepth) {
      throw failed_precondition("HEAD leads to '{}', which is no ref", printable(said));
    }
    const auto loose = read_git_file(repository.common_directory, repository.branch, kLineLimit);
    if (!loose) {
      repository.head = packed_id(repository, repository.branch);
      return;
    }
    said = trim(*loose);
  }
  if (!is_object_id(said)) {
    throw failed_precondition("{} holds no commit's id",
                              repository.branch.empty() ? "HEAD" : repository.branch);
  }
  repository.head = said;
}

Repository read_repository(const fs::path& work_tree, GitDirectoryPlace place) {
  try {
    Repository repository{.work_tree = work_tree,
                          .git_directory = git_directory_of(work_tree, place, 0),
                          .common_directory = {}};
    repository.common_directory = common_directory_of(repository.git_directory);
    std::error_code failed;
    if (!fs::is_directory(repository.common_directory / "objects", failed)) {
      throw failed_precondition("it has no directory 'objects'");
    }
    resolve_head(repository);
    return repository;
  } catch (const Error& error) {
    if (error.reason() == reason::kRepositoryElsewhere) throw;
    throw broken_repository(work_tree, error.message());
  }
}

}  // namespace

Repository open_repository(const fs::path& work_tree, GitDirectoryPlace place) {
  refuse_foreign(work_tree, {work_tree, work_tree / ".git"});
  const Repository repository = read_repository(work_tree, place);
  refuse_foreign(work_tree, {repository.git_directory, repository.common_directory});
  return repository;
}

}  // namespace pyro::source
