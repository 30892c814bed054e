#include "guest/agent/files/change_plan.h"
#include "tests/service/agent/files_fixture.h"

namespace pyro::agent {
namespace {

using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

class ChangeTest : public FilesTest {
 protected:
  /// After each change, whatever became of it.
  void expect_nothing_staged() const {
    EXPECT_TRUE(fs::is_empty(own() / "staging"));
    EXPECT_FALSE(fs::exists(own() / "commit"));
  }
};

TEST_F(ChangeTest, a_change_adds_and_overwrites_and_deletes_nothing) {
  files();
  put("kept", "kept");
  put("d/old", "old");
  fs::permissions(tree() / "d", fs::perms(0700));
  fs::create_symlink("old", tree() / "d/link");
  EXPECT_EQ(change("", {directory(""), directory("d", 0777), file("d/old", "new", 0755),
                        symlink("d/link", "elsewhere"), directory("n"), directory("n/m", 0711),
                        file("n/m/f", "deep")}),
            std::nullopt);
  EXPECT_THAT(found(), ElementsAre("d/", "d/link->elsewhere", "d/old=new", "kept=kept", "n/",
                                   "n/m/", "n/m/f=deep"));
  EXPECT_EQ(look(tree() / "d").st_mode & 07777U, 0700U) << "an existing directory is as it was";
  EXPECT_EQ(look(tree() / "n/m").st_mode & 07777U, 0711U);
  EXPECT_EQ(look(tree() / "d/old").st_mode & 07777U, 0755U);
  EXPECT_EQ(look(tree() / "n/m").st_mtim.tv_sec, 1'500'000'000);
  EXPECT_EQ(look(tree() / "n/m/f").st_mtim.tv_sec, 1'500'000'000);
  expect_nothing_staged();
}

TEST_F(ChangeTest, a_destination_that_is_missing_is_made) {
  files();
  put("a/x", "x");
  EXPECT_EQ(change("a/b/c", {directory("", 0700), file("f", "1")}), std::nullopt);
  EXPECT_THAT(found(), ElementsAre("a/", "a/b/", "a/b/c/", "a/b/c/f=1", "a/x=x"));
  EXPECT_EQ(look(tree() / "a/b").st_mode & 07777U, 0755U);
  EXPECT_EQ(look(tree() / "a/b/c").st_mode & 07777U, 0700U);
}

TEST_F(ChangeTest, a_stream_may_be_cut_anywhere) {
  auto connection = files();
  ask(connection, wire::BeginChange{});
  for (const char byte : stream_of({directory("d"), file("d/f", "whole")})) {
    ask(connection, wire::StageTree{.stream = {std::string(1, byte)}});
  }
  ask(connection, wire::CommitChange{});
  EXPECT_THAT(found(), ElementsAre("d/", "d/f=whole"));
}

TEST_F(ChangeTest, a_conflict_anywhere_changes_nothing) {
  files();
  put("file", "f");
  put("directory/x", "x");
  fs::create_symlink("directory", tree() / "symlink");
  const auto before = found();
  const auto refused = [](const char* text) {
    return Refused(ErrorCode::kFailedPrecondition, text);
  };
  const Item first = file("aaa", "would come first");
  EXPECT_THAT(change("", {first, file("directory", "")}),
              refused("file conflicts with existing path: directory"));
  EXPECT_THAT(change("", {first, file("symlink", "")}),
              refused("file conflicts with existing path: symlink"));
  EXPECT_THAT(change("", {first, directory("file")}),
              refused("directory conflicts with existing path: file"));
  EXPECT_THAT(change("", {first, directory("symlink"), file("symlink/x", "through")}),
              refused("directory conflicts with existing path: symlink"));
  EXPECT_THAT(change("", {first, symlink("file", "t")}),
              refused("symlink conflicts with existing path: file"));
  EXPECT_THAT(change("", {first, symlink("directory", "t")}),
              refused("symlink conflicts with existing path: directory"));
  EXPECT_THAT(change("", {first, directory("directory"), directory("directory/x")}),
              refused("directory conflicts with existing path: directory/x"));
  EXPECT_THAT(change("symlink/in", {first}),
              refused("directory conflicts with existing path: symlink"));
  EXPECT_THAT(change("file", {first}), refused("directory conflicts with existing path: file"));
  EXPECT_EQ(found(), before);
  expect_nothing_staged();
}

TEST_F(ChangeTest, an_expectation_that_does_not_hold_changes_nothing) {
  files();
  put("d/seen", "1");
  wire::CommitChange commit{.expectations = {as_it_is("d/seen"), {.path = "new", .absent = true}}};
  put("d/seen", "2");
  EXPECT_THAT(change("", {file("new", "")}, commit),
              Refused(ErrorCode::kFailedPrecondition, "d/seen changed meanwhile"));
  EXPECT_THAT(change("", {file("new", "")}, {.expectations = {{.path = "d", .absent = true}}}),
              Refused(ErrorCode::kFailedPrecondition, "d changed meanwhile"));
  EXPECT_THAT(change("", {file("new", "")}, {.expectations = {{.path = "gone", .inode = 3}}}),
              Refused(ErrorCode::kFailedPrecondition, "gone changed meanwhile"));
  EXPECT_THAT(change("", {file("new", "")}, {.expectations = {{.path = "../x"}}}),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(found(), ElementsAre("d/", "d/seen=2"));
  commit.expectations[0] = as_it_is("d/seen");
  EXPECT_EQ(change("", {file("new", "n")}, commit), std::nullopt);
  EXPECT_THAT(found(), ElementsAre("d/", "d/seen=2", "new=n"));
}

TEST_F(ChangeTest, deletions_take_the_directories_that_they_empty) {
  auto connection = files();
  put("a/b/c/f", "");
  put("a/b/g", "");
  put("a/h", "");
  fs::create_directory(tree() / "empty");
  fs::create_symlink("a", tree() / "link");
  ask(connection, wire::BeginChange{});
  ask(connection, wire::CommitChange{.deletions = {"a/b/c/f", "a/b/g", "link", "a/b/g"}});
  EXPECT_THAT(found(), ElementsAre("a/", "a/h=", "empty/"));
  ask(connection, wire::BeginChange{});
  ask(connection, wire::CommitChange{.deletions = {"a/h"}});
  EXPECT_THAT(found(), ElementsAre("empty/"));
  expect_nothing_staged();
}

TEST_F(ChangeTest, a_deletion_that_cannot_be_changes_nothing) {
  files();
  put("d/f", "f");
  fs::create_symlink("d", tree() / "way");
  for (const char* path : {"none", "d/f/x", "way/f"}) {
    EXPECT_THAT(change("", {file("new", "")}, {.deletions = {"d/f", path}}),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr(" changed meanwhile")))
        << path;
  }
  EXPECT_THAT(
      change("", {file("new", "")}, {.deletions = {"d"}}),
      Refused(ErrorCode::kFailedPrecondition, "only files can be deleted, not the directory d"));
  EXPECT_THAT(change("", {file("new", "")}, {.deletions = {"../outside"}}),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(found(), ElementsAre("d/", "d/f=f", "way->d"));
  expect_nothing_staged();
}

TEST_F(ChangeTest, what_is_deleted_may_be_something_else_afterwards) {
  files();
  put("a", "file");
  fs::create_symlink("a", tree() / "b");
  EXPECT_EQ(
      change("", {directory("a"), file("a/inner", "1"), file("b", "2")}, {.deletions = {"a", "b"}}),
      std::nullopt);
  EXPECT_THAT(found(), ElementsAre("a/", "a/inner=1", "b=2"));
}

TEST_F(ChangeTest, a_stream_that_is_none_is_refused_and_forgotten) {
  auto connection = files();
  ask(connection, wire::BeginChange{});
  EXPECT_THAT(refusal(connection, wire::StageTree{.stream = {"\x09garbage"}}),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(refusal(connection, wire::CommitChange{}),
              Refused(ErrorCode::kFailedPrecondition, "no change was begun on this connection"));
  stage(connection, "", {file("f", "")});
  EXPECT_THAT(refusal(connection, wire::StageTree{.stream = {"x"}}),
              Refused(ErrorCode::kInvalidArgument));
  ask(connection, wire::BeginChange{});
  const std::string whole = stream_of({file("f", "")});
  ask(connection, wire::StageTree{.stream = {whole.substr(0, whole.size() - 1)}});
  EXPECT_THAT(refusal(connection, wire::CommitChange{}),
              Refused(ErrorCode::kInvalidArgument, "the staged tree has no end"));
  ask(connection, wire::BeginChange{});
  EXPECT_THAT(refusal(connection, wire::StageTree{.stream = {stream_of({file("", "top")})}}),
              Refused(ErrorCode::kInvalidArgument, "what is staged must be a directory"));
  EXPECT_THAT(found(), IsEmpty());
  expect_nothing_staged();
}

TEST_F(ChangeTest, a_connection_has_one_change_at_a_time) {
  auto connection = files();
  EXPECT_THAT(refusal(connection, wire::StageTree{}), Refused(ErrorCode::kFailedPrecondition));
  ask(connection, wire::BeginChange{});
  EXPECT_THAT(
      refusal(connection, wire::BeginChange{}),
      Refused(ErrorCode::kFailedPrecondition, "a change was begun on this connection already"));
}

TEST_F(ChangeTest, what_was_staged_goes_with_its_connection) {
  auto watching = files();
  {
    auto connection = files();
    stage(connection, "", {directory("d"), file("d/f", "never seen")});
    EXPECT_FALSE(fs::is_empty(own() / "staging"));
  }
  const auto deadline = in(std::chrono::seconds(10));
  while (!fs::is_empty(own() / "staging") && Clock::now() < deadline) {
    ask(watching, wire::MountVolume{});
  }
  expect_nothing_staged();
  EXPECT_THAT(found(), IsEmpty());
}

/// A change that was decided before the agent came up.
class CutShortTest : public ChangeTest {
 protected:
  CutShortTest() {
    fs::create_directories(tree());
    fs::create_directories(own() / "staging/id/old");
    fs::create_directories(own() / "staging/id/new/d");
    fs::permissions(workspace_path(), fs::perms(0700));
    put("d/replaced", "old");
    put("d/e/deleted", "old");
    write(own() / "staging/id/new/d/replaced", "new");
    write(own() / "staging/id/new/d/placed", "new");
    fs::create_directory(own() / "staging/id/new/whole");
    write(own() / "staging/id/new/whole/f", "new");
    plan_ = {.staging = "id",
             .steps = {step(files::StepKind::kDelete, tree() / "d/e/deleted", "d/e/deleted"),
                       staged(files::StepKind::kReplace, "d/replaced"),
                       staged(files::StepKind::kPlace, "d/placed"),
                       staged(files::StepKind::kPlace, "whole")}};
  }

  static void write(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static files::Step step(files::StepKind kind, const fs::path& file, const std::string& path) {
    return {.kind = kind, .path = path, .inode = look(file).st_ino};
  }
  files::Step staged(files::StepKind kind, const std::string& path) const {
    return step(kind, own() / "staging/id/new" / path, path);
  }

  void expect_finished() {
    files();
    EXPECT_THAT(found(),
                ElementsAre("d/", "d/placed=new", "d/replaced=new", "whole/", "whole/f=new"));
    expect_nothing_staged();
  }

  files::ChangePlan plan_;
};

TEST_F(CutShortTest, one_that_was_decided_is_finished_at_mount) {
  write(own() / "commit", encode(plan_));
  expect_finished();
}

TEST_F(CutShortTest, steps_that_were_done_are_not_done_twice) {
  write(own() / "commit", encode(plan_));
  fs::rename(tree() / "d/e/deleted", own() / "staging/id/old/0");
  ASSERT_EQ(::renameat2(AT_FDCWD, (own() / "staging/id/new/d/replaced").c_str(), AT_FDCWD,
                        (tree() / "d/replaced").c_str(), RENAME_EXCHANGE),
            0);
  fs::rename(own() / "staging/id/new/d/placed", tree() / "d/placed");
  expect_finished();
}

TEST_F(CutShortTest, one_whose_steps_are_all_done_stays_so) {
  write(own() / "commit", encode(plan_));
  fs::rename(tree() / "d/e/deleted", own() / "staging/id/old/0");
  fs::remove(tree() / "d/e");
  fs::rename(own() / "staging/id/new/d/replaced", tree() / "d/replaced");
  fs::rename(own() / "staging/id/new/d/placed", tree() / "d/placed");
  fs::rename(own() / "staging/id/new/whole", tree() / "whole");
  fs::remove_all(own() / "staging");
  expect_finished();
}

TEST_F(CutShortTest, one_that_was_not_decided_is_forgotten) {
  write(own() / "commit.new", encode(plan_));
  files();
  EXPECT_THAT(found(), ElementsAre("d/", "d/e/", "d/e/deleted=old", "d/replaced=old"));
  expect_nothing_staged();
  EXPECT_FALSE(fs::exists(own() / "commit.new"));
}

TEST_F(CutShortTest, a_plan_that_leads_out_of_the_tree_is_none) {
  write(directory_.path() / "outside", "untouched");
  plan_.steps.push_back({.kind = files::StepKind::kDelete, .path = "../../outside"});
  write(own() / "commit", encode(plan_));
  files();
  EXPECT_THAT(found(), ElementsAre("d/", "d/e/", "d/e/deleted=old", "d/replaced=old"));
  EXPECT_EQ(read_file(directory_.path() / "outside"), "untouched");
  expect_nothing_staged();
}

TEST_F(CutShortTest, a_place_that_was_taken_by_a_link_is_left_alone) {
  write(own() / "commit", encode(plan_));
  fs::remove_all(tree() / "d");
  fs::create_directory(directory_.path() / "outside");
  fs::create_directory_symlink(directory_.path() / "outside", tree() / "d");
  files();
  EXPECT_TRUE(fs::is_empty(directory_.path() / "outside"));
  EXPECT_TRUE(fs::exists(tree() / "whole/f"));
  expect_nothing_staged();
}

}  // namespace
}  // namespace pyro::agent
