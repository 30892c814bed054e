#include "tests/guest/workspace_fixture.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class Recovery : public WorkspaceFixture {};

TEST_F(Recovery, a_workspace_outlasts_the_registry_with_its_files_and_snapshots) {
  const std::string id = create().workspace_id;
  write(id, "kept.txt", "kept\n");
  snapshot(id, "one");
  output_of(id, "echo later > later.txt");
  client_->down();
  ASSERT_TRUE(fs::remove(paths_.registry()));

  const auto told = pyro({"doctor"});
  EXPECT_THAT(
      told.output,
      HasSubstr("the registry lost the records of these workspaces, or cannot read them: " + id));
  EXPECT_THAT(told.output, HasSubstr("fix: pyro doctor --repair"));
  const auto repaired = pyro({"doctor", "--repair"});
  EXPECT_THAT(repaired.output, HasSubstr("workspaces " + id + " are back"));
  EXPECT_THAT(repaired.output, Not(HasSubstr("no record names")));

  EXPECT_EQ(status(id).state, api::WorkspaceState::kStopped);
  const auto started = pyro({"workspace", "start", id});
  EXPECT_EQ(started.status.code, 0) << started.error_output;
  EXPECT_EQ(read(id, "kept.txt"), "kept\n");
  EXPECT_EQ(read(id, "later.txt"), "later\n");
  reset(id, "one");
  EXPECT_EQ(output_of(id, "ls"), "kept.txt\n");
  reset(id);
  EXPECT_EQ(output_of(id, "ls"), "");
}

}  // namespace
}  // namespace pyro::test
