#include "common/base/clock.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

using api::MachineState;

TEST_F(WorkspaceService, a_workspace_is_made_with_a_machine_and_a_volume) {
  const auto made = call(api::CreateWorkspace{.environment = "debian:12", .name = "mine"});
  EXPECT_EQ(made.state, MachineState::kStarted);
  EXPECT_EQ(made.name, "mine");
  EXPECT_EQ(made.workspace_seed.entry_count, 3U);
  EXPECT_EQ(machines_of(made.workspace_id).size(), 1U);
  const auto volumes = files_->requests<api::BuildVolume>();
  ASSERT_EQ(volumes.size(), 1U);
  const auto mounts = vm_->requests<api::MountVolume>();
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].volume, volumes[0].volume);
}

TEST_F(WorkspaceService, a_workspace_whose_volume_cannot_be_built_leaves_nothing) {
  files_->on<api::BuildVolume>([](const api::BuildVolume&) -> api::WorkspaceSeed {
    throw not_found("seed_path /none does not exist");
  });
  EXPECT_THAT(error_of([&] { create(); }), Refused(ErrorCode::kNotFound));
  EXPECT_EQ(call(api::ListWorkspaces{}).count, 0U);
  EXPECT_EQ(machine_count(), 0U);
  EXPECT_EQ(directory_count(), 0U);
}

}  // namespace
}  // namespace pyro::workspace
