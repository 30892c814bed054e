#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/child_process.h"

namespace pyro::testing {

/// What `git` answers in `directory`, without this user's configuration.
inline CommandResult ask_git(const std::filesystem::path& directory,
                             const std::vector<std::string>& words) {
  Command command{.argv = {"git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c",
                           "init.defaultBranch=main", "-c", "protocol.file.allow=always"},
                  .environment = {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                                  {"GIT_CONFIG_NOSYSTEM", "1"},
                                  {"GIT_AUTHOR_DATE", "1700000000 +0000"},
                                  {"GIT_COMMITTER_DATE", "1700000000 +0000"}},
                  .directory = directory};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  return run_command(std::move(command), Clock::now() + std::chrono::minutes(2), {});
}

/// A work tree and its repository.
class GitRepository {
 public:
  explicit GitRepository(std::filesystem::path root, const std::vector<std::string>& options = {})
      : root_(std::move(root)) {
    std::filesystem::create_directories(root_);
    std::vector<std::string> words = {"init", "--quiet"};
    words.insert(words.end(), options.begin(), options.end());
    git(words);
  }

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path operator/(const std::string& path) const { return root_ / path; }

  /// Its output without the last line break; a failure is an Error.
  std::string git(const std::vector<std::string>& words) const {
    const CommandResult result = ask_git(root_, words);
    if (!result.status.ok())
      throw internal_error("git {}: {}", join(words, " "), result.error_output);
    return std::string(trim(result.output));
  }

  void put(const std::string& path, std::string_view content, unsigned mode = 0644) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    write_file_atomically(root_ / path, content, mode);
  }

  /// All there is, as a commit; its id.
  std::string commit(const std::string& message) const {
    git({"add", "--all"});
    git({"commit", "--quiet", "--allow-empty", "-m", message});
    return git({"rev-parse", "HEAD"});
  }

  /// A commit of the file `blob` 10^levels times, in a few small objects; main is at it then.
  void commit_many_times(const std::string& blob, int levels) const {
    std::string line = "100644 blob " + blob;
    for (int level = 0; level < levels; ++level) {
      std::string tree;
      for (int i = 0; i < 10; ++i) tree += line + "\tdirectory" + std::to_string(i) + "\n";
      write_file_atomically(root_ / ".git/tree", tree);
      line = "040000 tree " + git({"-c", "alias.make=!git mktree < .git/tree", "make"});
    }
    const std::string top = line.substr(line.rfind(' ') + 1);
    git({"update-ref", "refs/heads/main", git({"commit-tree", "-m", "many", top})});
  }

 private:
  std::filesystem::path root_;
};

}  // namespace pyro::testing
