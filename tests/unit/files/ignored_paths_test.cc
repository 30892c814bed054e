#include <gmock/gmock.h>

#include "common/base/reasons/files.h"
#include "services/files/diff.h"
#include "services/files/seed.h"
#include "tests/support/errors.h"
#include "tests/support/git_repository.h"
#include "tests/support/temporary.h"
#include "tests/unit/files/model_guest.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> paths_of(const api::Diff& diff) {
  std::vector<std::string> paths;
  for (const auto& entry : diff.entries) paths.push_back(entry.path);
  return paths;
}

/// A workspace that began as a directory under Git.
class IgnoredPaths : public ::testing::Test {
 protected:
  IgnoredPaths() {
    put(".gitignore", "*.pyc\nbuild/\n/only-top\n");
    put("calc.py", "a - b\n");
    put("build/kept.txt", "tracked\n");
    put("old.pyc", "before\n");
    put("untracked.txt", "x\n");
    repository_.git({"add", "-f", ".gitignore", "calc.py", "build/kept.txt"});
  }

  void put(const std::string& path, const std::string& content) {
    fs::create_directories((repository_.root() / path).parent_path());
    write_file_atomically(repository_.root() / path, content, 0644);
  }

  testing::ModelGuest& guest() {
    if (!guest_) {
      files::build_volume(directory_ / "cache", directory_.path(),
                          {.volume = file(), .seed_path = (directory_ / "project").string()},
                          testing::work_for(std::chrono::seconds(30)));
      guest_.emplace(volume::VolumeReader(file()));
    }
    return *guest_;
  }

  api::Diff diff(api::DiffWorkspace request = {}) {
    auto connection = guest().connect();
    return files::diff_workspace(connection,
                                 {.vm_id = "vm", .baseline = file(), .request = std::move(request)},
                                 directory_.path(), testing::work_for(std::chrono::seconds(60)));
  }

  std::string file() const { return (directory_ / "baseline.ext4").string(); }

  testing::TestDirectory directory_;
  testing::GitRepository repository_{directory_ / "project"};
  std::optional<testing::ModelGuest> guest_;
};

TEST_F(IgnoredPaths, are_left_out_of_a_diff_and_counted) {
  guest().write("calc.py", "a + b\n");
  guest().make_directory("__pycache__");
  guest().write("__pycache__/calc.pyc", std::string("\0\1", 2));
  guest().make_directory("build/deep");
  guest().write("build/deep/out.o", "x");
  guest().make_directory("build/empty");
  guest().remove("old.pyc");
  const api::Diff found = diff();
  EXPECT_THAT(paths_of(found), ElementsAre("calc.py"));
  EXPECT_EQ(found.summary.total, 1U);
  EXPECT_EQ(found.summary.ignored_count, 4U);
  EXPECT_THAT(found.patch, ::testing::Not(::testing::HasSubstr("binary")));
}

TEST_F(IgnoredPaths, are_shown_when_they_are_asked_for) {
  guest().write("a.pyc", "x");
  guest().write("b.pyc", "x");
  const api::Diff all = diff({.include_ignored = true});
  EXPECT_THAT(paths_of(all), ElementsAre("a.pyc", "b.pyc"));
  EXPECT_EQ(all.summary.ignored_count, 0U);
  const api::Diff one = diff({.path = "a.pyc"});
  EXPECT_THAT(paths_of(one), ElementsAre("a.pyc"));
  EXPECT_EQ(one.summary.ignored_count, 1U);
}

TEST_F(IgnoredPaths, do_not_include_what_git_tracks) {
  guest().write("build/kept.txt", "changed\n");
  guest().write("build/other.txt", "new\n");
  EXPECT_THAT(paths_of(diff()), ElementsAre("build/kept.txt"));
  guest().remove(".git");
  EXPECT_THAT(paths_of(diff()), ElementsAre("build/kept.txt"));
}

TEST_F(IgnoredPaths, do_not_include_what_was_added_to_the_index_in_the_guest) {
  guest().write("build/new.txt", "new\n");
  guest().write("build/other.txt", "new\n");
  put("build/new.txt", "new\n");
  repository_.git({"add", "-f", "build/new.txt"});
  guest().write(".git/index", read_file(repository_.root() / ".git/index"));
  EXPECT_THAT(paths_of(diff()), ElementsAre("build/new.txt"));
}

TEST_F(IgnoredPaths, do_not_include_what_a_split_index_tracks) {
  repository_.git({"update-index", "--split-index"});
  guest().write("build/kept.txt", "changed\n");
  guest().write("build/other.txt", "new\n");
  EXPECT_THAT(paths_of(diff()), ElementsAre("build/kept.txt"));
}

TEST_F(IgnoredPaths, follow_the_rules_as_they_are_now) {
  put("lib/.gitignore", "*.log\n");
  put("lib/a.txt", "x\n");
  guest().write(".gitignore", "*.tmp\n");
  guest().write("lib/a.log", "x");
  guest().make_directory("sub");
  guest().write("sub/.gitignore", "!kept.tmp\n");
  guest().write("sub/kept.tmp", "x");
  guest().write("sub/gone.tmp", "x");
  guest().write("seen.pyc", "x");
  guest().make_directory(".git/info");
  guest().write(".git/info/exclude", "excluded\n");
  guest().write("excluded", "x");
  EXPECT_THAT(paths_of(diff()),
              ElementsAre(".gitignore", "seen.pyc", "sub/.gitignore", "sub/kept.tmp"));
  guest().remove("lib/.gitignore");
  EXPECT_THAT(paths_of(diff()), ElementsAre(".gitignore", "lib/.gitignore", "lib/a.log", "seen.pyc",
                                            "sub/.gitignore", "sub/kept.tmp"));
}

TEST_F(IgnoredPaths, are_only_those_of_a_repository) {
  fs::remove_all(repository_.root() / ".git");
  guest().write("a.pyc", "x");
  EXPECT_THAT(paths_of(diff()), ElementsAre("a.pyc"));
}

TEST_F(IgnoredPaths, follow_the_rules_of_the_nearest_repository) {
  put("inner/.gitignore", "*.tmp\n");
  fs::create_directories(repository_.root() / "inner/.git/objects");
  guest().write("inner/a.pyc", "x");
  guest().write("inner/a.tmp", "x");
  guest().write("a.tmp", "x");
  EXPECT_THAT(paths_of(diff()), ElementsAre("a.tmp", "inner/a.pyc"));
}

TEST_F(IgnoredPaths, of_odd_names_are_told_from_others) {
  guest().write(".gitignore", "*.x\n");
  const std::vector<std::string> names{":(exclude)a", "-b", "c\nd", "[e]", "f*", "\xE9"};
  for (const auto& name : names) {
    guest().write(name, "x");
    guest().write(name + ".x", "x");
  }
  const api::Diff found = diff();
  EXPECT_EQ(found.entries.size(), 1 + names.size());
  EXPECT_EQ(found.summary.ignored_count, names.size());
}

TEST_F(IgnoredPaths, follow_no_rules_through_a_link) {
  put("rules", "*.md\n");
  guest().make_directory("sub");
  guest().link("sub/.gitignore", "../rules");
  guest().write("sub/a.md", "x");
  EXPECT_THAT(paths_of(diff()), ElementsAre("sub/.gitignore", "sub/a.md"));
}

TEST_F(IgnoredPaths, obey_nothing_of_the_guests_configuration) {
  const std::string trace = (directory_ / "ran").string();
  guest().write(".git/config", "[core]\n\tfsmonitor = touch " + trace +
                                   "\n\texcludesFile = /workspace/calc.py\n\tworktree = /\n");
  guest().write("a.pyc", "x");
  guest().write("b.txt", "x");
  EXPECT_THAT(paths_of(diff()), ElementsAre("b.txt"));
  EXPECT_FALSE(fs::exists(trace));
}

TEST_F(IgnoredPaths, of_a_damaged_index_are_refused_and_the_whole_diff_is_there) {
  guest().write(".git/index", std::string("DIRC\0\0\0\2 no index of git", 24));
  guest().write("a.pyc", "x");
  EXPECT_THAT(testing::error_of([&] { diff(); }), testing::Refused(reason::kIgnoreRulesUnreadable));
  EXPECT_THAT(paths_of(diff({.include_ignored = true})), ElementsAre("a.pyc"));
}

TEST_F(IgnoredPaths, are_told_in_a_repository_that_the_guest_made_odd) {
  guest().remove(".git/index");
  guest().link(".git/index", "/etc/passwd");
  guest().remove(".git/info");
  guest().make_directory(".git/info");
  guest().make_directory(".git/info/exclude");
  guest().write(".git/objects", "no directory");
  guest().write(".git/HEAD", std::string(1U << 20U, 'x'));
  guest().write("a.pyc", "x");
  guest().write("b.txt", "x");
  EXPECT_THAT(paths_of(diff()), ElementsAre("b.txt"));
  guest().remove(".git");
  guest().link(".git", "/");
  EXPECT_THAT(paths_of(diff()), ElementsAre("b.txt"));
}

TEST_F(IgnoredPaths, of_rules_without_end_are_refused) {
  guest().write(".gitignore", std::string((1U << 20U) + 1, 'x'));
  EXPECT_THAT(testing::error_of([&] { diff(); }), testing::Refused(reason::kIgnoreRulesUnreadable));
}

TEST_F(IgnoredPaths, leave_nothing_on_the_host) {
  guest().write("a.pyc", "x");
  diff();
  for (const auto& entry : fs::directory_iterator(directory_.path())) {
    EXPECT_THAT(entry.path().filename().string(),
                ::testing::AnyOf("project", "cache", "baseline.ext4"));
  }
}

}  // namespace
}  // namespace pyro
