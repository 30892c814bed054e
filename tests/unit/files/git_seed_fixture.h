#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "common/base/timespec.h"
#include "common/tree/write.h"
#include "services/files/git_seed/git_seed.h"
#include "tests/support/environment.h"
#include "tests/support/errors.h"
#include "tests/support/git_repository.h"
#include "tests/support/temporary.h"

namespace pyro::files {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::GitRepository;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

/// Passes a tree on and knows what came last.
class LastPath : public tree::Sink {
 public:
  explicit LastPath(tree::Sink& next) : next_(next) {}
  void entry(const tree::Entry& entry) override {
    path_ = entry.path;
    next_.entry(entry);
  }
  void data(std::string_view bytes) override { next_.data(bytes); }
  void end_file() override { next_.end_file(); }
  const std::string& path() const { return path_; }

 private:
  tree::Sink& next_;
  std::string path_;
};

/// Seeds a directory of this host, in which git is then asked as in a guest.
class GitSeed : public ::testing::Test {
 protected:
  GitSeed() {
    fs::create_directory(scratch_);
    fs::create_directory(home_);
  }

  /// Where the one history that was packed is kept.
  fs::path history_place() const {
    for (const auto& entry : fs::directory_iterator(directory_ / "packs")) {
      if (entry.is_directory()) return entry.path();
    }
    throw std::runtime_error("nothing was packed");
  }

  /// The seed of `root` as a directory.
  fs::path seed(const fs::path& root) {
    const std::string name = "seed" + std::to_string(++seeds_);
    const UniqueFd parent = open_file(directory_.path(), O_RDONLY | O_DIRECTORY);
    tree::Writer writer(parent.get(), name, tree::Trust::kKeep);
    LastPath last(writer);
    GitSeedOptions options = options_;
    options.inode_of_last = [&]() -> SeededInode {
      struct stat info {};
      if (::lstat((directory_ / name / last.path()).c_str(), &info) != 0)
        throw system_error("stat");
      return {.inode = info.st_ino, .ctime_ns = nanoseconds_of(info.st_ctim)};
    };
    notes_ = give_git_seed(
        root, {.scratch = scratch_, .histories = directory_ / "packs", .source = source_}, options,
        last, {.deadline = Clock::now() + std::chrono::minutes(1), .progress = progress_});
    writer.finish();
    return directory_ / name;
  }
  fs::path seed() { return seed(repository_.root()); }

  /// What seeding it is refused with.
  std::optional<Error> refusal(const fs::path& root) {
    return error_of([&] { seed(root); });
  }

  /// Without the last line break.
  static std::string git(const fs::path& seeded, const std::vector<std::string>& words) {
    const CommandResult result = testing::ask_git(seeded, words);
    return result.status.ok() ? std::string(trim(result.output)) : "failed: " + result.error_output;
  }

  /// Everything but `.git`, directories with a slash.
  static std::set<std::string> paths_in(const fs::path& seeded) {
    std::set<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(seeded)) {
      const std::string path = entry.path().lexically_relative(seeded).string();
      if (path == ".git" || path.starts_with(".git/")) continue;
      paths.insert(entry.is_directory() && !entry.is_symlink() ? path + "/" : path);
    }
    return paths;
  }

  /// The packs of the history that is kept, by their names.
  std::set<std::string> packs() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory_ / "packs")) {
      if (entry.path().extension() == ".pack") found.insert(entry.path().stem());
    }
    return found;
  }

  /// As if the files had been there for an hour: git trusts no attributes of this second.
  static void make_old(const fs::path& root) {
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file() || entry.is_symlink()) continue;
      fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
    }
  }

  pyro::testing::TestDirectory directory_;
  fs::path home_ = directory_ / "home";
  testing::WithVariable home_variable_{"HOME", home_.c_str()};
  testing::WithVariable no_xdg_{"XDG_CONFIG_HOME", nullptr};
  testing::WithVariable no_global_{"GIT_CONFIG_GLOBAL", nullptr};
  testing::WithVariable no_system_{"GIT_CONFIG_NOSYSTEM", "1"};
  fs::path scratch_ = directory_ / "scratch";
  fs::path source_{};
  GitSeedOptions options_{};
  std::vector<std::string> notes_{};
  api::ProgressSink progress_{};
  GitRepository repository_{directory_ / "project"};
  int seeds_ = 0;
};

}  // namespace pyro::files
