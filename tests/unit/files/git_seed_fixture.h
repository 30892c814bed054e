#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "common/tree/write.h"
#include "services/files/git_seed/git_seed.h"
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

/// Seeds a directory of this host, in which git is then asked as in a guest.
class GitSeed : public ::testing::Test {
 protected:
  GitSeed() { fs::create_directory(scratch_); }

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
    give_git_seed(root, {.scratch = scratch_, .histories = directory_ / "packs", .source = source_},
                  writer,
                  {.deadline = Clock::now() + std::chrono::minutes(1), .progress = progress_});
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

  pyro::testing::TestDirectory directory_;
  fs::path scratch_ = directory_ / "scratch";
  fs::path source_{};
  api::ProgressSink progress_{};
  GitRepository repository_{directory_ / "project"};
  int seeds_ = 0;
};

}  // namespace pyro::files
