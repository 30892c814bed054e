#include "services/workspace/review_log.h"

#include "tests/unit/workspace/workspace_fixture.h"

namespace pyro::workspace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReviewLogTest : public WorkspaceTest {
 protected:
  ReviewLog log_{registry_};
};

TEST_F(ReviewLogTest, gives_back_edits_and_exports_the_latest_first) {
  const auto a = record_of("aaaaaaaaaaaa");
  log_.add(a, "file_write", {"/workspace/a"});
  log_.add(a, api::Exported{.workspace_path = "/workspace/out", .output_path = "/tmp/out"});
  log_.add(a, "patch_apply", {"b", "c"});
  const auto edits = log_.edits(a);
  ASSERT_EQ(edits.size(), 2U);
  EXPECT_EQ(edits[0].kind, "patch_apply");
  EXPECT_THAT(edits[0].paths, ElementsAre("b", "c"));
  ASSERT_EQ(log_.exports(a).size(), 1U);
  EXPECT_EQ(log_.exports(a)[0].output_path, "/tmp/out");
}

TEST_F(ReviewLogTest, names_only_the_first_paths_of_a_large_edit) {
  const auto a = record_of("aaaaaaaaaaaa");
  log_.add(a, "patch_apply", std::vector<std::string>(1000, "p"));
  EXPECT_THAT(log_.edits(a).at(0).paths, SizeIs(20));
}

TEST_F(ReviewLogTest, a_new_session_begins_empty) {
  const auto before = record_of("aaaaaaaaaaaa");
  const auto after = record_of("aaaaaaaaaaaa", 1);
  log_.add(before, "file_write", {"a"});
  EXPECT_THAT(log_.edits(after), IsEmpty());
  log_.add(after, "file_write", {"b"});
  log_.forget_other_sessions(after);
  EXPECT_THAT(log_.edits(before), IsEmpty());
  EXPECT_THAT(log_.edits(after), SizeIs(1));
}

}  // namespace
}  // namespace pyro::workspace
