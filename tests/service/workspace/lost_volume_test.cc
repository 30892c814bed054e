#include "common/base/reasons/workspace.h"
#include "services/workspace/workspace_paths.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;
using api::WorkspaceState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LostVolume : public WorkspaceService {
 protected:
  std::string id_ = create();
  WorkspacePaths files_of_it_{stack_.paths(), id_};

  std::vector<std::string> lost() {
    const auto status = call(api::WorkspaceStatus{.workspace_id = id_});
    const auto list = call(api::ListWorkspaces{});
    EXPECT_EQ(list.workspaces.at(0).lost_snapshots, status.lost_snapshots);
    return status.lost_snapshots;
  }
  void expect_still_works() {
    EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id_}).state, WorkspaceState::kStarted);
    EXPECT_EQ(machine_count(), 1U);
    EXPECT_EQ(write(id_).workspace_id, id_);
  }
};

TEST_F(LostVolume, a_lost_baseline_refuses_reset_and_diff_and_ends_nothing) {
  call(api::CreateSnapshot{.workspace_id = id_, .snapshot_name = "kept"});
  EXPECT_THAT(lost(), IsEmpty());
  fs::remove(files_of_it_.baseline());
  EXPECT_THAT(lost(), ElementsAre("baseline"));
  for (const auto& refused : {error_of([&] { call(api::ResetWorkspace{.workspace_id = id_}); }),
                              error_of([&] { call(api::DiffWorkspace{.workspace_id = id_}); })}) {
    EXPECT_THAT(refused, Refused(reason::kVolumeLost));
    EXPECT_THAT(refused->message(), HasSubstr("has lost its baseline"));
  }
  expect_still_works();
  EXPECT_EQ(call(api::ResetWorkspace{.workspace_id = id_, .snapshot = "kept"}).state,
            WorkspaceState::kStarted);
}

TEST_F(LostVolume, a_damaged_snapshot_refuses_a_reset_to_it_and_can_be_deleted) {
  call(api::CreateSnapshot{.workspace_id = id_, .snapshot_name = "cut"});
  call(api::CreateSnapshot{.workspace_id = id_, .snapshot_name = "zeros"});
  fs::resize_file(files_of_it_.snapshot("cut"), 1000);
  fs::resize_file(files_of_it_.snapshot("zeros"), 0);
  fs::resize_file(files_of_it_.snapshot("zeros"), 2048);
  EXPECT_THAT(lost(), ElementsAre("cut", "zeros"));
  for (const char* name : {"cut", "zeros"}) {
    EXPECT_THAT(error_of([&] { call(api::ResetWorkspace{.workspace_id = id_, .snapshot = name}); }),
                Refused(reason::kVolumeLost));
  }
  expect_still_works();
  call(api::DeleteSnapshot{.workspace_id = id_, .snapshot_name = "cut"});
  EXPECT_THAT(lost(), ElementsAre("zeros"));
  EXPECT_EQ(call(api::ResetWorkspace{.workspace_id = id_}).state, WorkspaceState::kStarted);
}

}  // namespace
}  // namespace pyro::workspace
