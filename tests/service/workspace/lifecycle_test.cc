#include <fcntl.h>

#include <future>

#include "common/base/clock.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/base/reasons/workspace.h"
#include "services/workspace/workspace_paths.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

using api::WorkspaceState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(WorkspaceService, a_workspace_is_made_with_a_machine_and_a_volume) {
  const auto made = call(api::CreateWorkspace{.environment = "debian:12", .name = "mine"});
  EXPECT_EQ(made.state, WorkspaceState::kStarted);
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

TEST_F(WorkspaceService, a_disk_that_is_nearly_full_takes_no_workspace_and_no_snapshot) {
  const std::string id = create();
  settings_["PYRO_LIMITS_KEEP_FREE_MIB"] = "1048576";
  restart();
  EXPECT_THAT(error_of([&] { create(); }), Refused(reason::kDiskFull));
  EXPECT_THAT(
      error_of([&] { call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "one"}); }),
      Refused(reason::kDiskFull));
  EXPECT_EQ(call(api::ResetWorkspace{.workspace_id = id}).reset_count, 1U);
  EXPECT_TRUE(call(api::DeleteWorkspace{.workspace_id = id}).deleted);
}

TEST_F(WorkspaceService, a_machine_that_a_failed_create_cannot_delete_is_deleted_later) {
  vm_->on<api::MountVolume>(
      [](const api::MountVolume&) -> api::Machine { throw internal_error("no space"); });
  fail_deletes(1);
  EXPECT_THAT(error_of([&] { create(); }), Refused(ErrorCode::kInternal));
  EXPECT_TRUE(test::soon([&] { return machine_count() == 0; }));
}

TEST_F(WorkspaceService, a_reset_brings_a_new_machine_a_new_session_and_no_old_events) {
  const std::string id = create();
  write(id);
  ASSERT_THAT(summary(id).edits.recent, SizeIs(1));
  const auto before = machines_of(id);
  const auto reset = call(api::ResetWorkspace{.workspace_id = id});
  EXPECT_EQ(reset.reset_count, 1U);
  EXPECT_EQ(reset.state, WorkspaceState::kStarted);
  ASSERT_TRUE(reset.workspace_reset);
  EXPECT_EQ(reset.workspace_reset->snapshot_name, "baseline");
  EXPECT_THAT(machines_of(id), SizeIs(1));
  EXPECT_NE(machines_of(id), before);
  EXPECT_THAT(summary(id).edits.recent, SizeIs(0));
}

TEST_F(WorkspaceService, a_reset_to_a_snapshot_mounts_its_volume) {
  const std::string id = create();
  call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "before"});
  call(api::ResetWorkspace{.workspace_id = id, .snapshot = "before"});
  EXPECT_EQ(vm_->requests<api::MountVolume>().back().volume,
            files_->requests<api::CopyVolume>().back().volume);
  EXPECT_THAT(error_of([&] { call(api::ResetWorkspace{.workspace_id = id, .snapshot = "none"}); }),
              Refused(ErrorCode::kNotFound, HasSubstr("snapshot 'none' does not exist")));
}

TEST_F(WorkspaceService, a_reset_that_fails_stops_the_old_machine_and_keeps_the_session) {
  const std::string id = create();
  write(id);
  const auto before = machines_of(id);
  vm_->on<api::MountVolume>(
      [](const api::MountVolume&) -> api::Machine { throw internal_error("no space"); });
  EXPECT_THAT(error_of([&] { call(api::ResetWorkspace{.workspace_id = id}); }),
              Refused(ErrorCode::kInternal));
  EXPECT_EQ(machines_of(id), before);
  const auto status = call(api::WorkspaceStatus{.workspace_id = id});
  EXPECT_EQ(status.state, WorkspaceState::kStopped);
  EXPECT_EQ(status.reset_count, 0U);
  EXPECT_THAT(status.last_error, ::testing::Optional(HasSubstr("reset failed: no space")));
  EXPECT_THAT(summary(id).edits.recent, SizeIs(1));
}

TEST_F(WorkspaceService, a_reset_that_is_killed_before_its_record_leaves_the_old_machine_alone) {
  const std::string id = create();
  const auto before = machines_of(id);
  points_.kill_at("workspace.machine.mounted");
  EXPECT_THAT(error_of([&] { call(api::ResetWorkspace{.workspace_id = id}); }),
              Refused(ErrorCode::kUnavailable));
  EXPECT_THAT(machines_of(id), SizeIs(2));
  restart();
  EXPECT_TRUE(test::soon([&] { return machines_of(id) == before; }));
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id}).reset_count, 0U);
}

TEST_F(WorkspaceService, a_reset_that_is_killed_behind_its_record_leaves_the_new_machine_alone) {
  const std::string id = create();
  const auto before = machines_of(id);
  points_.kill_at("workspace.reset.recorded");
  EXPECT_THAT(error_of([&] { call(api::ResetWorkspace{.workspace_id = id}); }),
              Refused(ErrorCode::kUnavailable));
  restart();
  EXPECT_TRUE(test::soon([&] { return machines_of(id).size() == 1; }));
  EXPECT_NE(machines_of(id), before);
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id}).reset_count, 1U);
}

TEST_F(WorkspaceService, a_stopped_workspace_refuses_work_and_starts_again) {
  const std::string id = create();
  EXPECT_EQ(call(api::StopWorkspace{.workspace_id = id}).state, WorkspaceState::kStopped);
  EXPECT_THAT(error_of([&] { write(id); }), Refused(reason::kNotStarted));
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).state, WorkspaceState::kStarted);
  EXPECT_THAT(summary(id).edits.recent, SizeIs(0)) << "a refused change is no event";
}

TEST_F(WorkspaceService, every_reply_about_a_workspace_names_it) {
  const std::string id = create();
  EXPECT_EQ(call(api::WriteFile{.workspace_id = id, .path = "a", .text = "x"}).workspace_id, id);
  EXPECT_EQ(call(api::DiffWorkspace{.workspace_id = id}).workspace_id, id);
  EXPECT_EQ(call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "s"}).workspace_id, id);
  EXPECT_EQ(call(api::ListSnapshots{.workspace_id = id}).workspace_id, id);
  EXPECT_EQ(call(api::WorkspaceLogs{.workspace_id = id}).workspace_id, id);
  EXPECT_EQ(call(api::SummarizeWorkspace{.workspace_id = id}).workspace_id, id);
}

TEST_F(WorkspaceService, a_deleted_workspace_leaves_nothing) {
  const std::string id = create();
  write(id);
  EXPECT_TRUE(call(api::DeleteWorkspace{.workspace_id = id}).deleted);
  EXPECT_EQ(machine_count(), 0U);
  EXPECT_EQ(directory_count(), 0U);
  EXPECT_THAT(error_of([&] { call(api::WorkspaceStatus{.workspace_id = id}); }),
              Refused(reason::kWorkspaceGone));
}

TEST_F(WorkspaceService, work_on_a_workspace_holds_its_expiry_off) {
  const std::string id = create();
  service_->kill();
  const double expiry = now_epoch_seconds() + 3;
  change_record(id, [expiry](WorkspaceRecord& record) { record.workspace.expires_at = expiry; });
  start_service();
  std::promise<void> go;
  const auto gone_on = go.get_future().share();
  std::promise<void> come;
  files_->on<api::OnMachine<api::DiffWorkspace>>([&](const api::OnMachine<api::DiffWorkspace>&) {
    come.set_value();
    gone_on.wait();
    return api::Diff{};
  });
  auto diff =
      std::async(std::launch::async, [&] { return call(api::DiffWorkspace{.workspace_id = id}); });
  come.get_future().wait();
  ASSERT_TRUE(test::soon([&] { return now_epoch_seconds() > expiry + 0.3; }));
  const std::size_t aside = set_aside_count();
  const auto refused = error_of([&] { call(api::ListSnapshots{.workspace_id = id}); });
  go.set_value();
  EXPECT_EQ(aside, 0U);
  EXPECT_FALSE(refused) << ::testing::PrintToString(refused);
  diff.get();
  EXPECT_TRUE(test::soon([&] { return set_aside_count() == 1; }));
}

TEST_F(WorkspaceService, the_collector_removes_what_no_record_names) {
  const std::string id = create();
  service_->kill();
  add_machine("0000000000aa");  // of a workspace without a record
  add_machine(id);              // a second one of a workspace with one
  std::filesystem::create_directory(directories().make("0000000000bb") / "output");
  start_service();
  EXPECT_TRUE(test::soon([&] { return machine_count() == 1 && directory_count() == 1; }));
  EXPECT_THAT(machines_of(id), SizeIs(1));
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id}).state, WorkspaceState::kStarted);
}

TEST_F(WorkspaceService, the_collector_finds_what_the_call_of_a_killed_process_makes_late) {
  const auto collections = [&] { return vm_->requests<api::ListWorkspaceMachines>().size(); };
  const auto before = collections();
  restart();
  ASSERT_TRUE(test::soon([&] { return collections() > before; }));
  add_machine("aaaaaaaaaaaa");
  EXPECT_TRUE(test::soon([&] { return machine_count() == 0; }));
}

TEST_F(WorkspaceService, the_collector_tries_again_while_the_vm_service_cannot_delete) {
  service_->kill();
  add_machine("0000000000aa");
  fail_deletes(1);
  start_service();
  EXPECT_TRUE(test::soon([&] { return machine_count() == 0; }));
}

TEST_F(WorkspaceService, the_collector_stops_what_a_failed_reset_could_not_stop) {
  const std::string id = create();
  service_->kill();
  change_record(id, [](WorkspaceRecord& record) { record.must_stop = true; });
  start_service();
  EXPECT_TRUE(test::soon([&] {
    return call(api::WorkspaceStatus{.workspace_id = id}).state == WorkspaceState::kStopped;
  }));
}

TEST_F(WorkspaceService, it_ends_when_told_to_while_the_vm_service_is_away) {
  create();
  vm_.reset();
  restart();  // its collector asks for the machines at once, and again until there is an answer
  EXPECT_TRUE(service_->stop());
}

TEST_F(WorkspaceService, a_throwaway_of_a_former_process_is_gone) {
  const std::string id = create();
  service_->kill();
  change_record(id, [](WorkspaceRecord& record) { record.throwaway = true; });
  start_service();
  EXPECT_THAT(error_of([&] { call(api::WorkspaceStatus{.workspace_id = id}); }),
              Refused(reason::kWorkspaceGone));
  EXPECT_TRUE(test::soon([&] { return machine_count() == 0 && directory_count() == 0; }));
}

TEST_F(WorkspaceService, a_snapshot_that_is_killed_before_its_row_is_none_and_may_be_made_anew) {
  const std::string id = create();
  points_.kill_at("workspace.snapshot.copied");
  const auto snapshot = [&] {
    call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "one"});
  };
  EXPECT_THAT(error_of(snapshot), Refused(ErrorCode::kUnavailable));
  restart();
  EXPECT_EQ(call(api::ListSnapshots{.workspace_id = id}).count, 1U);
  EXPECT_FALSE(error_of(snapshot));
  EXPECT_EQ(call(api::ListSnapshots{.workspace_id = id}).count, 2U);
}

TEST_F(WorkspaceService, snapshots_take_no_more_disk_than_they_may) {
  settings_["PYRO_WORKSPACE_SNAPSHOTS_GIB"] = "1";
  restart();
  const std::string id = create();
  call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "first"});
  const auto first = WorkspacePaths(stack_.paths(), id).snapshot("first");
  const UniqueFd file = open_file(first, O_RDWR);
  ASSERT_EQ(::posix_fallocate(file.get(), 0, off_t{1} << 30U), 0);
  EXPECT_THAT(
      error_of([&] { call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "second"}); }),
      Refused(ErrorCode::kResourceExhausted, HasSubstr("workspace.snapshots_gib")));
  call(api::DeleteSnapshot{.workspace_id = id, .snapshot_name = "first"});
  EXPECT_EQ(call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "second"})
                .snapshot.snapshot_name,
            "second");
}

}  // namespace
}  // namespace pyro::workspace
