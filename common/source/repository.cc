#include "common/source/repository.h"

#include <sys/stat.h>

#include <algorithm>

#include "common/base/text.h"
#include "common/source/ownership.h"
#include "common/source/ref_name.h"

namespace pyro::source {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLineLimit = 8192;
constexpr std::size_t kPackedRefsLimit = 256U << 20U;
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

fs::path git_directory_of(const fs::path& work_tree, int nesting);

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
bool is_module_of_parent(const fs::path& git_directory, const fs::path& work_tree, int nesting) {
  for (fs::path above = work_tree; above.has_relative_path();) {
    above = above.parent_path();
    struct stat info {};
    if (::lstat((above / ".git").c_str(), &info) != 0) continue;
    std::error_code failed;
    // Its last part is not resolved: as a symbolic link it could hold any repository.
    const fs::path modules =
        fs::canonical(git_directory_of(above, nesting + 1), failed) / "modules";
    if (failed) return false;
    const auto [end, ignored] =
        std::mismatch(modules.begin(), modules.end(), git_directory.begin(), git_directory.end());
    return end == modules.end() && modules != git_directory;
  }
  return false;
}

fs::path git_directory_of(const fs::path& work_tree, int nesting) {
  struct stat info {};
  const fs::path named = work_tree / ".git";
  if (::lstat(named.c_str(), &info) != 0)
    throw system_error(fmt::format("stat '{}'", named.string()));
  if (S_ISDIR(info.st_mode)) return named;
  if (!S_ISREG(info.st_mode)) {
    throw failed_precondition("'.git' is neither a directory nor a file");
  }
  constexpr std::string_view kWord = "gitdir: ";
  const std::string line = line_of(work_tree, ".git");
  if (!line.starts_with(kWord)) throw failed_precondition("the file '.git' names no directory");
  const fs::path found = directory_named(work_tree, line.substr(kWord.size()));
  if (nesting < kSubmoduleNesting &&
      (names_back(found, work_tree) || is_module_of_parent(found, work_tree, nesting))) {
    return found;
  }
  throw failed_precondition(
      "its file '.git' leads to '{}', which is not the directory of a linked work tree that names "
      "this one back (`git worktree repair` writes that), nor of a submodule here",
      printable(found.string()));
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
std::string packed_id(const fs::path& common, const std::string& ref) {
  const auto packed = read_git_file(common, "packed-refs", kPackedRefsLimit);
  if (!packed) return "";
  const std::string wanted = " " + ref + "\n";
  for (std::size_t at = packed->find(wanted); at != std::string::npos;
       at = packed->find(wanted, at + 1)) {
    const std::size_t before = packed->rfind('\n', at);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    std::string id = packed->substr(begin, at - begin);
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
      repository.head = packed_id(repository.common_directory, repository.branch);
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

Repository read_repository(const fs::path& work_tree) {
  try {
    Repository repository{.work_tree = work_tree,
                          .git_directory = git_directory_of(work_tree, 0),
                          .common_directory = {}};
    repository.common_directory = common_directory_of(repository.git_directory);
    std::error_code failed;
    if (!fs::is_directory(repository.common_directory / "objects", failed)) {
      throw failed_precondition("it has no directory 'objects'");
    }
    resolve_head(repository);
    return repository;
  } catch (const Error& error) {
    throw broken_repository(work_tree, error.message());
  }
}

}  // namespace

Repository open_repository(const fs::path& work_tree) {
  refuse_foreign(work_tree, {work_tree, work_tree / ".git"});
  const Repository repository = read_repository(work_tree);
  refuse_foreign(work_tree, {repository.git_directory, repository.common_directory});
  return repository;
}

}  // namespace pyro::source
