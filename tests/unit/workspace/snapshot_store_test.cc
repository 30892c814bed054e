#include "services/workspace/snapshots/snapshot_store.h"

#include <fstream>

#include "tests/unit/workspace/workspace_fixture.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

class SnapshotStoreTest : public WorkspaceTest {
 protected:
  api::Snapshot create(const std::string& name) {
    return snapshots_.create(workspace_, name, true, [](const fs::path& volume) {
      std::ofstream(volume) << "volume";
      return api::TreeSize{.entry_count = 5, .bytes_written = 50};
    });
  }
  fs::path file(const std::string& name) { return snapshots_.volume_of(workspace_, name); }

  WorkspaceRecord workspace_ = record_of("aaaaaaaaaaaa");
  SnapshotStore snapshots_{registry_, paths_};
};

TEST_F(SnapshotStoreTest, the_baseline_is_there_from_the_start_and_comes_first) {
  create("z");
  create("a");
  const auto all = snapshots_.all(workspace_);
  EXPECT_THAT(all, ElementsAre(Field(&api::Snapshot::snapshot_name, "baseline"),
                               Field(&api::Snapshot::snapshot_name, "z"),
                               Field(&api::Snapshot::snapshot_name, "a")));
  EXPECT_EQ(all[0].kind, api::SnapshotKind::kBaseline);
  EXPECT_FALSE(all[0].deletable);
  EXPECT_EQ(all[0].entry_count, 3U);
  EXPECT_EQ(all[1].entry_count, 5U);
  EXPECT_TRUE(all[1].deletable);
}

TEST_F(SnapshotStoreTest, a_name_is_given_once) {
  create("one");
  EXPECT_THAT(error_of([this] { create("one"); }),
              Refused(ErrorCode::kAlreadyExists, "snapshot 'one' already exists"));
  EXPECT_THAT(error_of([this] { create("baseline"); }),
              Refused(ErrorCode::kAlreadyExists, "snapshot 'baseline' already exists"));
  EXPECT_THAT(error_of([this] { create("../../evil"); }), Refused(ErrorCode::kInvalidArgument));
}

TEST_F(SnapshotStoreTest, the_baseline_cannot_be_deleted) {
  EXPECT_THAT(error_of([this] { snapshots_.remove(workspace_, "baseline"); }),
              Refused(ErrorCode::kFailedPrecondition, "cannot delete the baseline snapshot"));
}

TEST_F(SnapshotStoreTest, one_that_is_deleted_is_gone_and_its_name_free) {
  create("one");
  snapshots_.remove(workspace_, "one");
  EXPECT_FALSE(fs::exists(file("one")));
  EXPECT_THAT(
      error_of([this] { snapshots_.remove(workspace_, "one"); }),
      Refused(ErrorCode::kNotFound, "snapshot 'one' does not exist in workspace 'aaaaaaaaaaaa'"));
  create("one");
}

TEST_F(SnapshotStoreTest, a_copy_that_fails_is_no_snapshot) {
  const auto failing = [](const fs::path&) -> api::TreeSize { throw unavailable("no guest"); };
  EXPECT_THAT(error_of([&] { snapshots_.create(workspace_, "one", true, failing); }),
              Refused(ErrorCode::kUnavailable));
  EXPECT_THAT(snapshots_.named(workspace_), IsEmpty());
  create("one");
}

TEST_F(SnapshotStoreTest, a_volume_that_a_guest_wrote_is_known_as_such) {
  create("guest");
  snapshots_.create(workspace_, "host", false, [](const fs::path&) { return api::TreeSize{}; });
  EXPECT_TRUE(snapshots_.is_foreign(workspace_, "guest"));
  EXPECT_FALSE(snapshots_.is_foreign(workspace_, "host"));
  EXPECT_FALSE(snapshots_.is_foreign(workspace_, "baseline"));
}

TEST_F(SnapshotStoreTest, volumes_that_no_row_names_are_garbage) {
  create("kept");
  std::ofstream(file("stray")) << "volume";
  snapshots_.collect_garbage(workspace_);
  EXPECT_TRUE(fs::exists(file("kept")));
  EXPECT_FALSE(fs::exists(file("stray")));
}

}  // namespace
}  // namespace pyro::workspace
