#include "common/api/adoption.h"
#include "common/api/workspace_commands.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/base/reasons/workspace.h"
#include "common/registry/recovery.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A row is no record of its table, as a bug or a damaged page leaves it.
class UnreadableRow : public WorkspaceService {
 protected:
  fs::path directory_of(const std::string& id) const {
    return stack_.paths().workspaces_dir() / id;
  }
  /// All that can be read is `{"`.
  void spoil(const std::string& table, const std::string& row) {
    service_->kill();
    Registry(stack_.paths().registry()).put(table, row, "{\"");
    start_service();
  }
  /// Once this one is gone, the collector has been round.
  void wait_for_collector() {
    service_->kill();
    const fs::path garbage = directories().make("0000000000bb");
    start_service();
    EXPECT_TRUE(test::soon([&] { return !fs::exists(garbage); }));
  }
  api::Adoption repair(const std::vector<std::string>& ids) {
    return call(api::AdoptWorkspaces{.workspace_ids = ids, .drop_unreadable = true});
  }
};

TEST_F(UnreadableRow, of_a_workspace_leaves_the_others_at_work_and_its_files_alone) {
  const std::string bad = create();
  const std::string good = create();
  spoil("workspaces", bad);
  wait_for_collector();
  const auto list = call(api::ListWorkspaces{});
  ASSERT_THAT(list.workspaces, SizeIs(1));
  EXPECT_EQ(list.workspaces[0].workspace_id, good);
  EXPECT_THAT(error_of([&] { call(api::WorkspaceStatus{.workspace_id = bad}); }),
              Refused(reason::kRecordUnreadable));
  EXPECT_TRUE(fs::exists(directory_of(bad) / "baseline.ext4"));
  EXPECT_THAT(machines_of(bad), SizeIs(1));
}

TEST_F(UnreadableRow, of_a_workspace_is_restored_from_what_its_directory_says) {
  const std::string bad = create();
  call(api::UpdateWorkspace{.workspace_id = bad, .name = "mine"});
  call(api::CreateSnapshot{.workspace_id = bad, .snapshot_name = "one"});
  spoil("workspaces", bad);
  const auto told = call(api::AdoptWorkspaces{});
  ASSERT_THAT(told.strays, SizeIs(1));
  EXPECT_EQ(told.strays[0].workspace_id, bad);
  EXPECT_EQ(told.strays[0].why, "its record cannot be read");
  ASSERT_THAT(told.unreadable, SizeIs(1));
  EXPECT_EQ(told.unreadable[0].table, "workspaces");
  const auto repaired = repair({bad});
  EXPECT_THAT(repaired.adopted, ElementsAre(bad));
  EXPECT_THAT(repaired.unreadable, IsEmpty());
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = bad}).name, "mine");
  EXPECT_EQ(call(api::ListSnapshots{.workspace_id = bad}).count, 2U);
}

TEST_F(UnreadableRow, of_a_workspace_that_says_nothing_of_itself_can_be_deleted) {
  const std::string bad = create();
  spoil("workspaces", bad);
  write_file_atomically(directory_of(bad) / "workspace.json", "{");
  EXPECT_THAT(repair({bad}).unreadable, SizeIs(1));
  EXPECT_TRUE(call(api::DeleteWorkspace{.workspace_id = bad}).deleted);
  EXPECT_TRUE(test::soon([&] { return !fs::exists(directory_of(bad)) && machine_count() == 0; }));
  EXPECT_THAT(call(api::AdoptWorkspaces{}).unreadable, IsEmpty());
}

TEST_F(UnreadableRow, of_a_snapshot_keeps_its_volume_and_is_restored) {
  const std::string id = create();
  call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "one"});
  spoil("workspace_snapshots", id + "/one");
  wait_for_collector();
  call(api::ResetWorkspace{.workspace_id = id});
  EXPECT_TRUE(fs::exists(directory_of(id) / "snapshots/one.ext4"));
  EXPECT_THAT(call(api::WorkspaceStatus{.workspace_id = id}).lost_snapshots, ElementsAre("one"));
  EXPECT_THAT(error_of([&] { call(api::ResetWorkspace{.workspace_id = id, .snapshot = "one"}); }),
              Refused(reason::kRecordUnreadable));
  repair({id});
  EXPECT_EQ(call(api::ListSnapshots{.workspace_id = id}).snapshots.back().snapshot_name, "one");
}

TEST_F(UnreadableRow, of_a_snapshot_that_nothing_describes_can_be_deleted) {
  const std::string id = create();
  call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "one"});
  write_file_atomically(directory_of(id) / "workspace.json", "{");
  spoil("workspace_snapshots", id + "/one");
  repair({id});
  call(api::DeleteSnapshot{.workspace_id = id, .snapshot_name = "one"});
  EXPECT_FALSE(fs::exists(directory_of(id) / "snapshots/one.ext4"));
  EXPECT_THAT(call(api::WorkspaceStatus{.workspace_id = id}).lost_snapshots, IsEmpty());
}

TEST_F(UnreadableRow, of_the_history_is_dropped_by_a_repair) {
  const std::string id = create();
  const std::string row = id + "/000000/0000000007";
  spoil("workspace_commands", row);
  call(api::WorkspaceLogs{.workspace_id = id});
  EXPECT_THAT(call(api::AdoptWorkspaces{}).unreadable, SizeIs(1));
  EXPECT_THAT(repair({}).unreadable, IsEmpty());
  EXPECT_FALSE(Registry(stack_.paths().registry()).contains("workspace_commands", row));
}

/// A registry of which a part was lost, as recover_registry makes it: it has another id.
TEST_F(UnreadableRow, that_a_recovery_lost_of_a_snapshot_comes_back_before_anything_is_collected) {
  const std::string id = create();
  call(api::CreateSnapshot{.workspace_id = id, .snapshot_name = "one"});
  service_->kill();
  {
    Registry registry(stack_.paths().registry());
    registry.erase("workspace_snapshots", id + "/one");
    registry.put("identity", "registry", std::string(32, 'a'));
  }
  start_service();
  wait_for_collector();
  EXPECT_EQ(call(api::ListSnapshots{.workspace_id = id}).snapshots.back().snapshot_name, "one");
  EXPECT_TRUE(fs::exists(directory_of(id) / "snapshots/one.ext4"));
}

}  // namespace
}  // namespace pyro::workspace
