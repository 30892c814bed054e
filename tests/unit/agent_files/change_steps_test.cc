#include "guest/agent/files/change_steps.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "common/tree/walk.h"
#include "guest/agent/files/change_journal.h"
#include "guest/agent/files/planner.h"
#include "tests/support/errors.h"
#include "tests/unit/agent_files/volume_support.h"

namespace pyro::agent::files {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

namespace fs = std::filesystem;

/// A change of every kind of step, checked; between that and the steps the guest is at work.
class ChangeStepsTest : public VolumeTest {
 protected:
  ChangeStepsTest() {
    put(tree() / "d/deleted", "old");
    put(tree() / "d/replaced", "old");
    put(tree() / "z/last", "old");
    put(staging() / "id/new/d/replaced", "new");
    put(staging() / "id/new/placed/f", "new");
    put(staging() / "id/new/z/last", "new");
    fs::create_directories(staging() / "id/old");
    Planner planner(workspace_.directories().tree.get());
    planner.remove({"d/deleted"});
    planner.merge(open_file(staging() / "id/new", O_RDONLY | O_DIRECTORY).get());
    plan_ = {.staging = "id", .steps = planner.take()};
  }

  void expect_undone_but(const std::string& path) {
    EXPECT_THAT(error_of([&] { commit_plan(workspace_.directories(), plan_); }),
                Refused(ErrorCode::kFailedPrecondition, (path + " changed meanwhile").c_str()));
    for (const char* old : {"d/deleted", "d/replaced", "z/last"}) {
      EXPECT_TRUE(path == old || read_file(tree() / old) == "old") << old;
    }
    EXPECT_TRUE(path == "placed" || !fs::exists(tree() / "placed"));
    EXPECT_FALSE(fs::exists(staging() / "../commit"));
  }

  ChangePlan plan_;
};

TEST_F(ChangeStepsTest, all_are_carried_out_when_nobody_interferes) {
  ASSERT_EQ(plan_.steps.size(), 4U);
  commit_plan(workspace_.directories(), plan_);
  EXPECT_FALSE(fs::exists(tree() / "d/deleted"));
  EXPECT_EQ(read_file(tree() / "d/replaced"), "new");
  EXPECT_EQ(read_file(tree() / "placed/f"), "new");
  EXPECT_EQ(read_file(tree() / "z/last"), "new");
}

TEST_F(ChangeStepsTest, a_file_that_was_written_to_is_kept_and_all_else_undone) {
  put(tree() / "z/last", "the guest's");
  expect_undone_but("z/last");
  EXPECT_EQ(read_file(tree() / "z/last"), "the guest's");
}

TEST_F(ChangeStepsTest, a_file_that_was_exchanged_is_kept_and_all_else_undone) {
  put(tree() / "other", "the guest's");
  fs::rename(tree() / "other", tree() / "d/replaced");
  expect_undone_but("d/replaced");
  EXPECT_EQ(read_file(tree() / "d/replaced"), "the guest's");
}

TEST_F(ChangeStepsTest, a_place_that_was_taken_is_kept_and_all_else_undone) {
  put(tree() / "placed", "the guest's");
  expect_undone_but("placed");
  EXPECT_EQ(read_file(tree() / "placed"), "the guest's");
}

TEST_F(ChangeStepsTest, a_file_to_delete_that_was_written_to_is_kept) {
  put(tree() / "d/deleted", "the guest's");
  expect_undone_but("d/deleted");
  EXPECT_EQ(read_file(tree() / "d/deleted"), "the guest's");
}

TEST_F(ChangeStepsTest, a_file_that_was_removed_undoes_all_else) {
  fs::remove(tree() / "z/last");
  expect_undone_but("z/last");
  EXPECT_FALSE(fs::exists(tree() / "z/last"));
}

TEST_F(ChangeStepsTest, a_directory_that_became_a_link_leads_nowhere) {
  put(directory_ / "outside/last", "untouched");
  fs::remove_all(tree() / "z");
  fs::create_directory_symlink(directory_ / "outside", tree() / "z");
  expect_undone_but("z/last");
  EXPECT_EQ(read_file(directory_ / "outside/last"), "untouched");
}

}  // namespace
}  // namespace pyro::agent::files
