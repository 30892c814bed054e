#include "services/workspace/files/review_log.h"

#include "tests/unit/workspace/workspace_fixture.h"

namespace pyro::workspace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReviewLogTest : public WorkspaceTest {
 protected:
  WorkspaceRecord workspace(std::uint32_t session = 0) {
    const auto record = record_of("aaaaaaaaaaaa", session);
    workspaces_.table().add(record);
    return record;
  }
  void edit(const WorkspaceRecord& record, const std::string& kind,
            std::vector<std::string> paths) {
    log_.begin_edit(record, kind, {})->confirm(std::move(paths));
  }

  bus::Context context_;
  bus::Client vm_{context_, "vm", directory_ / "vm.sock"};
  Machines machines_{vm_};
  Workspaces workspaces_{registry_, machines_, {}};
  Secrets secrets_{paths_, workspaces_};
  ReviewLog log_{registry_, workspaces_, secrets_};
};

TEST_F(ReviewLogTest, gives_back_edits_and_exports_the_latest_first) {
  const auto a = workspace();
  edit(a, "file_write", {"/workspace/a"});
  log_.begin_export(a, {.workspace_path = "out", .output_path = "out"})
      ->confirm(api::Exported{.workspace_path = "/workspace/out", .output_path = "/tmp/out"});
  edit(a, "patch_apply", {"b", "c"});
  const auto edits = log_.edits(a);
  ASSERT_EQ(edits.size(), 2U);
  EXPECT_EQ(edits[0].kind, "patch_apply");
  EXPECT_THAT(edits[0].paths, ElementsAre("b", "c"));
  EXPECT_FALSE(edits[0].unconfirmed);
  ASSERT_EQ(log_.exports(a).size(), 1U);
  EXPECT_EQ(log_.exports(a)[0].output_path, "/tmp/out");
}

TEST_F(ReviewLogTest, names_only_the_first_paths_of_a_large_edit) {
  const auto a = workspace();
  edit(a, "patch_apply", std::vector<std::string>(1000, "p"));
  EXPECT_THAT(log_.edits(a).at(0).paths, SizeIs(20));
}

TEST_F(ReviewLogTest, a_new_session_begins_empty) {
  const auto before = workspace();
  edit(before, "file_write", {"a"});
  const auto after = workspace(1);
  EXPECT_THAT(log_.edits(after), IsEmpty());
  edit(after, "file_write", {"b"});
  log_.collect_garbage(after);
  EXPECT_THAT(log_.edits(before), IsEmpty());
  EXPECT_THAT(log_.edits(after), SizeIs(1));
}

TEST_F(ReviewLogTest, tells_nothing_of_what_is_under_way_or_was_retracted) {
  const auto a = workspace();
  const auto under_way = log_.begin_edit(a, "file_write", {"a"});
  log_.begin_edit(a, "file_write", {"b"})->retract();
  EXPECT_THAT(log_.edits(a), IsEmpty());
}

TEST_F(ReviewLogTest, tells_of_what_has_no_known_outcome_as_unconfirmed) {
  const auto a = workspace();
  { const auto entry = log_.begin_edit(a, "file_write", {"a"}); }
  const auto edits = log_.edits(a);
  ASSERT_THAT(edits, SizeIs(1));
  EXPECT_EQ(edits[0].unconfirmed, true);
  EXPECT_THAT(edits[0].paths, ElementsAre("a"));
}

TEST_F(ReviewLogTest, an_event_that_was_forgotten_meanwhile_does_not_come_back) {
  const auto a = workspace();
  const auto entry = log_.begin_export(a, {.workspace_path = "out", .output_path = "/out"});
  log_.forget(a.id());
  entry->confirm(api::Exported{.output_path = "/out"});
  EXPECT_THAT(log_.exports(a), IsEmpty());
}

TEST_F(ReviewLogTest, an_event_of_a_session_that_has_just_ended_leaves_no_row) {
  const auto before = workspace();
  workspace(1);
  {
    const auto entry = log_.begin_export(before, {.workspace_path = "out", .output_path = "/out"});
  }
  EXPECT_THAT(log_.exports(before), IsEmpty());
}

}  // namespace
}  // namespace pyro::workspace
