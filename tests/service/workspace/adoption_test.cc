#include "common/api/adoption.h"

#include "common/base/files.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;
using api::WorkspaceState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The registry's file is lost while the service does not run; that of the vm service is not.
class WorkspaceAdoption : public WorkspaceService {
 protected:
  fs::path directory_of(const std::string& id) const {
    return stack_.paths().workspaces_dir() / id;
  }
  void lose_registry() {
    service_->kill();
    fs::remove(stack_.paths().registry());
    start_service();
  }
  /// Returns once the collector has gone round: the stop that is due is the last that it does.
  void wait_for_collector() {
    const std::string id = create();
    service_->kill();
    change_record(id, [](WorkspaceRecord& record) { record.must_stop = true; });
    start_service();
    EXPECT_TRUE(test::soon([&] {
      return call(api::WorkspaceStatus{.workspace_id = id}).state == WorkspaceState::kStopped;
    }));
    call(api::DeleteWorkspace{.workspace_id = id});
  }
  api::Adoption adopt(const std::string& id) {
    return call(api::AdoptWorkspaces{.workspace_ids = {id}});
  }
};

TEST_F(WorkspaceAdoption, a_lost_registry_deletes_no_workspace_and_no_machine) {
  const std::string id = create();
  lose_registry();
  wait_for_collector();
  EXPECT_TRUE(fs::exists(directory_of(id) / "baseline.ext4"));
  EXPECT_THAT(machines_of(id), SizeIs(1));
  EXPECT_EQ(call(api::ListWorkspaces{}).count, 0U);
}

TEST_F(WorkspaceAdoption, foreign_directories_survive_beside_ours) {
  const std::string id = create();
  const fs::path top = stack_.paths().workspaces_dir();
  service_->kill();
  fs::create_directories(top / "letters/old");
  fs::create_directories(top / "0123456789ab");
  write_file_atomically(top / "0123456789ab/letter", "x");
  write_file_atomically(top / "notes.txt", "x");
  fs::create_directory_symlink(top / id, top / "0000000000cc");
  fs::create_directory(directories().make("0000000000bb") / "output");
  start_service();
  EXPECT_TRUE(test::soon([&] { return !fs::exists(top / "0000000000bb"); }));
  wait_for_collector();
  EXPECT_TRUE(fs::exists(top / "letters/old"));
  EXPECT_TRUE(fs::exists(top / "0123456789ab/letter"));
  EXPECT_TRUE(fs::exists(top / "notes.txt"));
  EXPECT_TRUE(fs::is_symlink(top / "0000000000cc"));
  EXPECT_TRUE(fs::exists(directory_of(id) / "baseline.ext4"));
}

TEST_F(WorkspaceAdoption, a_workspace_of_an_earlier_version_gets_its_marker_and_its_description) {
  const std::string id = create();
  service_->kill();
  fs::remove(directory_of(id) / OwnerMarker::kFileName);
  fs::remove(directory_of(id) / "workspace.json");
  start_service();
  EXPECT_TRUE(test::soon([&] { return fs::exists(directory_of(id) / "workspace.json"); }));
  EXPECT_TRUE(read_marker(directory_of(id)));
}

TEST_F(WorkspaceAdoption, a_workspace_comes_back_with_its_names_and_snapshots) {
  const std::string id = create();
  const auto machine = machines_of(id);
  call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "one"});
  call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "two"});
  call(api::DeleteSnapshot{.workspace_id = id, .snapshot_name = "one"});
  call(api::UpdateWorkspace{.workspace_id = id, .name = "mine", .labels = {{"a", "b"}}});
  call(api::StopWorkspace{.workspace_id = id});
  lose_registry();
  const auto told = call(api::AdoptWorkspaces{});
  ASSERT_THAT(told.strays, SizeIs(1));
  EXPECT_EQ(told.strays[0].workspace_id, id);
  EXPECT_EQ(told.strays[0].directory, directory_of(id).string());
  EXPECT_THAT(told.adopted, IsEmpty());
  EXPECT_THAT(adopt("0000000000aa").adopted, IsEmpty());
  EXPECT_THAT(adopt(id).adopted, ElementsAre(id));
  const auto back = call(api::WorkspaceStatus{.workspace_id = id});
  EXPECT_EQ(back.name, "mine");
  EXPECT_EQ(back.labels.at("a"), "b");
  EXPECT_EQ(back.state, WorkspaceState::kStopped);
  EXPECT_EQ(call(api::ListSnapshots{.workspace_id = id}).snapshots.back().snapshot_name, "two");
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).state, WorkspaceState::kStarted);
  EXPECT_EQ(machines_of(id), machine);
  EXPECT_EQ(call(api::ResetWorkspace{.workspace_id = id, .snapshot = "two"}).reset_count, 1U);
  restart();
  EXPECT_THAT(adopt(id).strays, IsEmpty());
  call(api::DeleteWorkspace{.workspace_id = id});
  EXPECT_FALSE(fs::exists(directory_of(id)));
}

TEST_F(WorkspaceAdoption, a_workspace_whose_life_is_over_has_a_new_one) {
  const std::string id = create();
  service_->kill();
  const std::string old = read_file(directory_of(id) / "workspace.json");
  fs::remove(stack_.paths().registry());
  const auto at = old.find("\"expires_at\": ") + 14;
  write_file_atomically(directory_of(id) / "workspace.json",
                        old.substr(0, at) + "1000" + old.substr(old.find(',', at)));
  start_service();
  EXPECT_THAT(adopt(id).adopted, ElementsAre(id));
  EXPECT_GT(call(api::WorkspaceStatus{.workspace_id = id}).expires_at, 1000);
}

TEST_F(WorkspaceAdoption, after_a_reset_the_new_machine_is_the_one_that_is_described) {
  const std::string id = create();
  points_.kill_at("workspace.reset.recorded");
  EXPECT_TRUE(error_of([&] { call(api::ResetWorkspace{.workspace_id = id}); }));
  start_service();
  EXPECT_TRUE(test::soon([&] { return machines_of(id).size() == 1; }));
  lose_registry();
  adopt(id);
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).state, WorkspaceState::kStarted);
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id}).reset_count, 1U);
}

TEST_F(WorkspaceAdoption, a_creation_that_was_killed_behind_its_description_is_garbage_as_before) {
  points_.kill_at("workspace.create.described");
  EXPECT_TRUE(error_of([&] { create(); }));
  start_service();
  EXPECT_TRUE(test::soon([&] { return machine_count() == 0 && directory_count() == 0; }));
}

TEST_F(WorkspaceAdoption, an_adoption_may_be_killed_at_any_step) {
  for (const char* point : {"workspace.adopt.snapshots", "workspace.adopt.recorded"}) {
    const std::string id = create();
    call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "one"});
    lose_registry();
    points_.kill_at(point);
    EXPECT_TRUE(error_of([&] { adopt(id); }));
    start_service();
    wait_for_collector();
    EXPECT_TRUE(fs::exists(directory_of(id) / "baseline.ext4")) << point;
    adopt(id);
    EXPECT_EQ(call(api::ListSnapshots{.workspace_id = id}).count, 2U) << point;
    EXPECT_THAT(machines_of(id), SizeIs(1)) << point;
    EXPECT_THAT(call(api::AdoptWorkspaces{}).strays, IsEmpty()) << point;
    call(api::DeleteWorkspace{.workspace_id = id});
  }
}

TEST_F(WorkspaceAdoption, a_damaged_description_is_told_and_left_alone) {
  const std::string id = create();
  lose_registry();
  write_file_atomically(directory_of(id) / "workspace.json", "{");
  const auto adoption = adopt(id);
  EXPECT_THAT(adoption.adopted, IsEmpty());
  ASSERT_THAT(adoption.strays, SizeIs(1));
  EXPECT_EQ(adoption.strays[0].workspace_id, std::nullopt);
  EXPECT_THAT(adoption.strays[0].why, HasSubstr("missing or damaged"));
  wait_for_collector();
  EXPECT_TRUE(fs::exists(directory_of(id) / "baseline.ext4"));
}

TEST_F(WorkspaceAdoption, a_throwaway_of_a_lost_registry_becomes_garbage) {
  const std::string id = create();
  service_->kill();
  change_record(id, [](WorkspaceRecord& record) { record.throwaway = true; });
  std::string text = read_file(directory_of(id) / "workspace.json");
  const std::string no = "\"throwaway\": false";
  write_file_atomically(directory_of(id) / "workspace.json",
                        text.replace(text.find(no), no.size(), "\"throwaway\": true"));
  fs::remove(stack_.paths().registry());
  start_service();
  EXPECT_THAT(adopt(id).adopted, IsEmpty());
  EXPECT_TRUE(test::soon([&] { return machine_count() == 0 && directory_count() == 0; }));
}

}  // namespace
}  // namespace pyro::workspace
