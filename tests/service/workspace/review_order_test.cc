#include <future>

#include "common/api/workspace_export.h"
#include "common/api/workspace_patch.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Between a change of files, or an export, and what the review log tells of it.
class ReviewOrder : public WorkspaceService {
 protected:
  using Outcome = std::optional<Error>;

  std::function<void()> patch() {
    return [this] { call(api::ApplyPatch{.workspace_id = id_, .patch = "--- a/b.txt\n"}); };
  }
  std::function<void()> export_out() {
    return
        [this] { call(api::ExportPath{.workspace_id = id_, .path = "out", .output_path = "/o"}); };
  }

  /// Holds `work` once it is done and not yet recorded, lets `other` go ahead meanwhile where it
  /// does not wait for that, and has both end.
  std::pair<Outcome, Outcome> with_other_in_between(const std::function<void()>& work,
                                                    const std::function<void()>& other) {
    points_.hold_at("workspace.files.answered");
    auto working = std::async(std::launch::async, [&] { return error_of(work); });
    const auto ended = [&] {
      return working.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready;
    };
    EXPECT_TRUE(points_.wait_until_held(ended)) << "the point was not reached";
    auto other_working = std::async(std::launch::async, [&] { return error_of(other); });
    other_working.wait_for(std::chrono::milliseconds(300));
    points_.release();
    return {working.get(), other_working.get()};
  }
  void kill_in_between(const std::function<void()>& work) {
    points_.kill_at("workspace.files.answered");
    EXPECT_THAT(error_of(work), Refused(ErrorCode::kUnavailable));
    service_->wait();
    points_.release();
    start_service();
  }

  std::string id_ = create();
};

TEST_F(ReviewOrder, a_reset_right_behind_a_change_begins_a_session_that_does_not_tell_of_it) {
  const auto [patched, was_reset] =
      with_other_in_between(patch(), [this] { call(api::ResetWorkspace{.workspace_id = id_}); });
  EXPECT_FALSE(patched) << ::testing::PrintToString(patched);
  EXPECT_FALSE(was_reset) << ::testing::PrintToString(was_reset);
  EXPECT_THAT(summary(id_).edits.recent, IsEmpty());
}

TEST_F(ReviewOrder, a_change_that_was_done_is_answered_although_a_delete_is_right_behind_it) {
  const auto [patched, deleted] =
      with_other_in_between(patch(), [this] { call(api::DeleteWorkspace{.workspace_id = id_}); });
  EXPECT_FALSE(patched) << ::testing::PrintToString(patched);
  EXPECT_FALSE(deleted) << ::testing::PrintToString(deleted);
}

TEST_F(ReviewOrder, a_kill_right_behind_a_change_does_not_hide_it) {
  kill_in_between(patch());
  const auto edits = summary(id_).edits.recent;
  ASSERT_THAT(edits, SizeIs(1));
  EXPECT_EQ(edits[0].kind, "patch_apply");
  EXPECT_EQ(edits[0].unconfirmed, true) << "nobody heard the end of it";
}

TEST_F(ReviewOrder, an_export_belongs_to_the_session_that_it_began_in) {
  const auto [exported, was_reset] = with_other_in_between(
      export_out(), [this] { call(api::ResetWorkspace{.workspace_id = id_}); });
  EXPECT_FALSE(exported) << ::testing::PrintToString(exported);
  EXPECT_FALSE(was_reset) << ::testing::PrintToString(was_reset);
  EXPECT_THAT(summary(id_).artifacts.exports, IsEmpty());
}

TEST_F(ReviewOrder, an_export_that_was_done_is_answered_although_its_workspace_was_deleted) {
  const auto [exported, deleted] = with_other_in_between(
      export_out(), [this] { call(api::DeleteWorkspace{.workspace_id = id_}); });
  EXPECT_FALSE(exported) << ::testing::PrintToString(exported);
  EXPECT_FALSE(deleted) << ::testing::PrintToString(deleted);
}

TEST_F(ReviewOrder, a_kill_right_behind_an_export_does_not_hide_it) {
  kill_in_between(export_out());
  const auto exports = summary(id_).artifacts.exports;
  ASSERT_THAT(exports, SizeIs(1));
  EXPECT_EQ(exports[0].output_path, "/o");
  EXPECT_EQ(exports[0].unconfirmed, true);
}

TEST_F(ReviewOrder, a_change_that_was_refused_is_no_event) {
  files_->on<api::OnMachine<api::ApplyPatch>>(
      [](const api::OnMachine<api::ApplyPatch>&) -> api::PatchApplied {
        throw failed_precondition("patch context does not match for b.txt");
      });
  EXPECT_THAT(error_of(patch()), Refused(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(summary(id_).edits.recent, IsEmpty());
}

TEST_F(ReviewOrder, a_change_whose_outcome_was_not_heard_is_told_as_unconfirmed) {
  files_->on<api::OnMachine<api::ApplyPatch>>(
      [](const api::OnMachine<api::ApplyPatch>&) -> api::PatchApplied {
        throw unavailable("the guest's link broke");
      });
  EXPECT_THAT(error_of(patch()), Refused(ErrorCode::kUnavailable));
  const auto edits = summary(id_).edits.recent;
  ASSERT_THAT(edits, SizeIs(1));
  EXPECT_EQ(edits[0].unconfirmed, true);
}

}  // namespace
}  // namespace pyro::workspace
