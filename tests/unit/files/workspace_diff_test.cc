#include <gmock/gmock.h>

#include <random>

#include "common/base/text.h"
#include "services/files/diff.h"
#include "services/files/diff_builder.h"
#include "services/files/seed.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"
#include "tests/unit/files/model_guest.h"

namespace pyro {
namespace {

using ::testing::ElementsAre;
using testing::HostTree;
using testing::symlink_to;
using testing::text_file;
using tree::EntryKind;

namespace fs = std::filesystem;

HostTree project() {
  return {{"README", text_file("hello\n")},
          {"src/a/one.c", text_file("1\n")},
          {"src/a/two.c", text_file("2\n", 0755)},
          {"src/a/deep/er/three.c", text_file("3\n")},
          {"src/b/four.c", text_file("4\n")},
          {"src/link", symlink_to("a/one.c")},
          {".git/config", text_file("mine\n")},
          {"lib/latin", text_file("caf\xE9\n")},
          {"p/s/f", text_file("p\n")},
          {"q/s/f", text_file("q\n")}};
}

/// A workspace whose volume is the baseline, in a guest that keeps inodes and ctimes.
class WorkspaceDiff {
 public:
  WorkspaceDiff() {
    testing::write_tree(directory_ / "seed", project());
    fs::create_directories(directory_ / "seed/empty/inner");
    files::build_volume(directory_ / "cache", directory_.path(),
                        {.volume = file(), .seed_path = (directory_ / "seed").string()},
                        testing::work_for(std::chrono::seconds(30)));
    baseline.emplace(file());
    guest.emplace(*baseline);
    before = guest->sides();
  }

  api::Diff diff(const api::DiffWorkspace& asked = {}) {
    api::OnMachine<api::DiffWorkspace> request{.vm_id = "vm", .baseline = file(), .request = asked};
    auto connection = guest->connect();
    return files::diff_workspace(connection, request, directory_.path(),
                                 testing::work_for(std::chrono::seconds(30)));
  }

  std::string file() const { return (directory_ / "baseline.ext4").string(); }
  fs::path seed() const { return directory_ / "seed"; }

  HostTree before;
  std::optional<testing::ModelGuest> guest;
  std::optional<volume::VolumeReader> baseline;

 private:
  testing::TestDirectory directory_;
};

std::vector<std::string> told(const api::Diff& diff) {
  std::vector<std::string> lines;
  for (const auto& entry : diff.entries) {
    lines.push_back(fmt::format("{} {}", "AMDT"[static_cast<int>(entry.status)], entry.path));
  }
  return lines;
}

TEST(WorkspaceDiffTest, of_an_untouched_workspace_asks_for_nothing) {
  WorkspaceDiff workspace;
  EXPECT_FALSE(workspace.diff().changed);
  EXPECT_EQ(workspace.guest->told(), 0U);
}

TEST(WorkspaceDiffTest, finds_a_changed_file_in_an_unchanged_directory) {
  WorkspaceDiff workspace;
  workspace.guest->write("src/a/deep/er/three.c", "33\n");
  EXPECT_THAT(told(workspace.diff()), ElementsAre("M src/a/deep/er/three.c"));
  EXPECT_EQ(workspace.guest->told(), 1U);
}

TEST(WorkspaceDiffTest, does_not_tell_what_was_touched_alone) {
  WorkspaceDiff workspace;
  workspace.guest->write("README", "hello\n");
  workspace.guest->write("src/new", "x");
  workspace.guest->remove("src/new");
  EXPECT_FALSE(workspace.diff().changed);
}

TEST(WorkspaceDiffTest, tells_all_that_went_with_a_directory) {
  WorkspaceDiff workspace;
  workspace.guest->remove("src/a");
  workspace.guest->remove("empty");
  EXPECT_THAT(told(workspace.diff()), ElementsAre("D empty/inner", "D src/a/deep/er/three.c",
                                                  "D src/a/one.c", "D src/a/two.c"));
}

TEST(WorkspaceDiffTest, tells_all_that_came_with_a_moved_directory) {
  WorkspaceDiff workspace;
  workspace.guest->rename("src/a", "moved");
  EXPECT_THAT(told(workspace.diff()),
              ElementsAre("A moved/deep/er/three.c", "A moved/one.c", "A moved/two.c",
                          "D src/a/deep/er/three.c", "D src/a/one.c", "D src/a/two.c"));
}

TEST(WorkspaceDiffTest, sees_through_directories_that_changed_places) {
  WorkspaceDiff workspace;
  workspace.guest->rename("src/a", "x");
  workspace.guest->rename("src/b", "src/a");
  workspace.guest->rename("x", "src/b");
  EXPECT_THAT(
      told(workspace.diff()),
      ElementsAre("D src/a/deep/er/three.c", "A src/a/four.c", "D src/a/one.c", "D src/a/two.c",
                  "A src/b/deep/er/three.c", "D src/b/four.c", "A src/b/one.c", "A src/b/two.c"));
}

TEST(WorkspaceDiffTest, sees_through_directories_of_one_form_that_changed_places) {
  WorkspaceDiff workspace;
  workspace.guest->rename("p", "x");
  workspace.guest->rename("q", "p");
  workspace.guest->rename("x", "q");
  EXPECT_THAT(told(workspace.diff()), ElementsAre("M p/s/f", "M q/s/f"));
}

TEST(WorkspaceDiffTest, tells_what_was_in_a_directory_that_is_a_file_now) {
  WorkspaceDiff workspace;
  workspace.guest->remove("src/a");
  workspace.guest->write("src/a", "file\n");
  workspace.guest->remove("empty/inner");
  workspace.guest->link("empty/inner", "x");
  EXPECT_THAT(told(workspace.diff()),
              ElementsAre("T empty/inner", "A src/a", "D src/a/deep/er/three.c", "D src/a/one.c",
                          "D src/a/two.c"));
}

TEST(WorkspaceDiffTest, sees_a_moved_directory_within_a_moved_one) {
  WorkspaceDiff workspace;
  workspace.guest->make_directory("new");
  workspace.guest->rename("src/a/deep", "new/deep");
  workspace.guest->rename("new", "src/a/deep");
  EXPECT_THAT(told(workspace.diff()),
              ElementsAre("A src/a/deep/deep/er/three.c", "D src/a/deep/er/three.c"));
}

TEST(WorkspaceDiffTest, tells_empty_directories_only_when_they_come_and_go) {
  WorkspaceDiff workspace;
  workspace.guest->make_directory("new");
  workspace.guest->write("empty/inner/file", "x\n");
  workspace.guest->remove("src/b/four.c");
  EXPECT_THAT(told(workspace.diff()), ElementsAre("A empty/inner/file", "A new", "D src/b/four.c"));
}

TEST(WorkspaceDiffTest, leaves_out_git_directories_that_come_and_go) {
  WorkspaceDiff workspace;
  workspace.guest->remove(".git");
  workspace.guest->make_directory("lib/.git");
  workspace.guest->write("lib/.git/config", "x");
  EXPECT_FALSE(workspace.diff().changed);
}

/// More than are read at once, each kind of change among them.
class ManyChanges : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kAdded = 3000;

  ManyChanges() {
    for (std::uint32_t i = 0; i < kAdded; ++i) {
      workspace_.guest->write(fmt::format("new{:04}", i), fmt::format("{}\n", i));
    }
    workspace_.guest->write("README", "hullo\n");    // of the same size
    workspace_.guest->write("src/b/four.c", "4\n");  // touched alone
    workspace_.guest->chmod("src/a/two.c", 0644);
    workspace_.guest->remove("src/a/one.c");
    workspace_.guest->link("src/a/deep/er/three.c", "x");
    workspace_.guest->write("zoo", "last\n");
  }

  WorkspaceDiff workspace_;
};

TEST_F(ManyChanges, are_all_counted_and_only_those_of_the_page_read) {
  const std::size_t before = workspace_.guest->sent();
  const api::Diff page = workspace_.diff({.offset = 2, .page_bytes = 1000});
  EXPECT_EQ(page.summary.total, kAdded + 5);
  EXPECT_EQ(page.summary.added, kAdded + 1);
  EXPECT_EQ(page.summary.modified, 2U);
  EXPECT_EQ(page.summary.deleted, 1U);
  EXPECT_EQ(page.summary.type_changed, 1U);
  EXPECT_EQ(page.summary.text_patched, page.entries.size());
  EXPECT_EQ(page.entries.front().path, "new0001");
  EXPECT_TRUE(page.truncated);
  EXPECT_EQ(page.next_offset, 2 + page.entries.size());
  // Two files of which the attributes do not tell whether they differ, and the page.
  EXPECT_LE(workspace_.guest->sent() - before, 2 + 8U);
}

TEST_F(ManyChanges, come_page_by_page_as_they_come_at_once) {
  const api::Diff whole = workspace_.diff();
  EXPECT_FALSE(whole.truncated);
  EXPECT_EQ(whole.entries.size(), kAdded + 5);
  api::Diff pages;
  std::optional<std::uint64_t> next = 0;
  while (next) {
    api::Diff page =
        workspace_.diff({.offset = static_cast<std::uint32_t>(*next), .page_bytes = 200'000});
    ASSERT_FALSE(page.entries.empty());
    EXPECT_EQ(page.truncated, page.next_offset.has_value());
    for (auto& entry : page.entries) pages.entries.push_back(std::move(entry));
    pages.patch += page.patch;
    next = page.next_offset;
  }
  EXPECT_EQ(told(pages), told(whole));
  EXPECT_EQ(pages.patch, whole.patch);
}

TEST_F(ManyChanges, beyond_the_last_are_none) {
  const api::Diff nothing = workspace_.diff({.offset = kAdded + 5});
  EXPECT_TRUE(nothing.changed);
  EXPECT_TRUE(nothing.entries.empty());
  EXPECT_FALSE(nothing.truncated);
  EXPECT_EQ(nothing.summary.total, kAdded + 5);
}

TEST_F(ManyChanges, show_one_path_of_them) {
  EXPECT_THAT(told(workspace_.diff({.path = "README"})), ElementsAre("M README"));
  EXPECT_THAT(testing::error_of([&] { workspace_.diff({.path = "src/b/four.c"}); }),
              testing::Refused(ErrorCode::kNotFound));
}

/// An answer holds 65,536 entries.
TEST(WorkspaceDiffTest, of_more_changes_than_an_answer_holds_comes_in_parts) {
  constexpr std::uint32_t kMany = 100'000;
  WorkspaceDiff workspace;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    if (i % 10'000 == 0) workspace.guest->make_directory(fmt::format("d{}", i / 10'000));
    workspace.guest->write(fmt::format("d{}/{}", i / 10'000, i), "");
  }
  const api::Diff first = workspace.diff();
  EXPECT_EQ(first.summary.total, kMany);
  EXPECT_TRUE(first.truncated);
  const api::Diff second =
      workspace.diff({.offset = static_cast<std::uint32_t>(first.next_offset.value_or(0))});
  EXPECT_FALSE(second.truncated);
  EXPECT_EQ(first.entries.size() + second.entries.size(), kMany);
}

TEST(WorkspaceDiffTest, names_a_large_file_and_does_not_fetch_it) {
  WorkspaceDiff workspace;
  workspace.guest->write("large", std::string(files::DiffBuilder::kContentLimit + 1, 'x'));
  const api::Diff diff = workspace.diff();
  EXPECT_THAT(told(diff), ElementsAre("A large"));
  EXPECT_THAT(diff.patch_omits, ElementsAre("large"));
}

/// Whether a directory of the tree holds anything.
bool is_empty(const HostTree& tree, const std::string& path) {
  const auto next = tree.lower_bound(path + "/");
  return next == tree.end() || !next->first.starts_with(path + "/");
}

/// The lines that told() is to give, from the two trees alone.
std::vector<std::string> expected_lines(const HostTree& before, const HostTree& after) {
  HostTree all = before;
  all.insert(after.begin(), after.end());
  std::vector<std::string> lines;
  for (const auto& [path, ignored] : all) {
    if (path.starts_with(".git")) continue;
    const auto look = [&path = path](const HostTree& tree) {
      const auto found = tree.find(path);
      return found == tree.end() ? files::DiffSide{} : found->second;
    };
    const files::DiffSide was = look(before);
    const files::DiffSide now = look(after);
    const bool was_directory = was.kind == EntryKind::kDirectory;
    const bool now_directory = now.kind == EntryKind::kDirectory;
    const bool was_seen =
        was.kind != EntryKind::kAbsent && !(was_directory && !is_empty(before, path));
    const bool now_seen =
        now.kind != EntryKind::kAbsent && !(now_directory && !is_empty(after, path));
    if (was == now || (was_directory && now_directory)) continue;
    if (!was_seen && !now_seen) continue;
    const char sign = !was_seen ? 'A' : !now_seen ? 'D' : was.kind == now.kind ? 'M' : 'T';
    lines.push_back(fmt::format("{} {}", sign, path));
  }
  return lines;
}

/// Random work in a workspace.
class Worker {
 public:
  Worker(testing::ModelGuest& guest, unsigned seed) : guest_(guest), random_(seed) {}

  void work() {
    for (std::size_t i = 1 + below(12); i > 0; --i) step();
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  std::string any_of(EntryKind kind) {
    std::vector<std::string> paths;
    for (const auto& [path, node] : guest_.nodes()) {
      if (node.kind == kind && !path.starts_with(".git")) paths.push_back(path);
    }
    return paths.empty() ? "" : paths[below(paths.size())];
  }

  std::string new_path() {
    static const std::vector<std::string> names{"a", "b", "one.c", "deep", "x y", "z\xE9"};
    return tree::join(any_of(EntryKind::kDirectory), names[below(names.size())]);
  }

  void step() {
    const std::string path = new_path();
    const std::string file = any_of(EntryKind::kFile);
    const std::string directory = any_of(EntryKind::kDirectory);
    switch (below(7)) {
      case 0:
        if (!file.empty()) guest_.write(file, fmt::format("{}\n", below(3)));
        break;
      case 1:
        if (!guest_.exists(path)) guest_.write(path, fmt::format("{}\n", below(3)));
        break;
      case 2:
        if (!guest_.exists(path)) guest_.make_directory(path);
        break;
      case 3:
        if (guest_.exists(path)) guest_.remove(path);
        break;
      case 4:
        if (!directory.empty() && !guest_.exists(path) && !path.starts_with(directory + "/")) {
          guest_.rename(directory, path);
        }
        break;
      case 5:
        if (!file.empty() && !guest_.exists(path)) guest_.rename(file, path);
        break;
      default:
        if (!guest_.exists(path)) guest_.link(path, "target");
    }
  }

  testing::ModelGuest& guest_;
  std::mt19937 random_;
};

class DiffOfRandomWork : public ::testing::TestWithParam<unsigned> {};

TEST_P(DiffOfRandomWork, tells_just_what_differs_and_its_patch_leads_there) {
  WorkspaceDiff workspace;
  Worker(*workspace.guest, GetParam()).work();
  const HostTree after = workspace.guest->sides();
  const api::Diff diff = workspace.diff();
  auto expected = expected_lines(workspace.before, after);
  for (auto& line : expected) line = to_valid_utf8(line);
  EXPECT_EQ(told(diff), expected);

  fs::remove_all(workspace.seed() / ".git");
  fs::remove_all(workspace.seed() / "empty");
  if (!diff.patch.empty()) {
    const CommandResult applied = testing::git_apply(workspace.seed(), diff.patch);
    ASSERT_EQ(applied.status.code, 0) << applied.error_output << diff.patch;
  }
  HostTree wanted = testing::as_git_sees(after);
  wanted.erase(".git/config");
  EXPECT_EQ(testing::read_tree(workspace.seed()), wanted) << diff.patch;
}

INSTANTIATE_TEST_SUITE_P(Seeded, DiffOfRandomWork, ::testing::Range(1U, 61U));

}  // namespace
}  // namespace pyro
