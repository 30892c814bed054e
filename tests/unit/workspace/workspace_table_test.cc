#include "services/workspace/workspace_table.h"

#include "common/base/clock.h"
#include "tests/unit/workspace/workspace_fixture.h"

namespace pyro::workspace {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

class WorkspaceTableTest : public WorkspaceTest {
 protected:
  WorkspaceTable table_{registry_};
};

TEST_F(WorkspaceTableTest, an_unknown_one_is_told_from_one_that_expired) {
  table_.add(record_of("aaaaaaaaaaaa"));
  EXPECT_EQ(table_.find("aaaaaaaaaaaa").id(), "aaaaaaaaaaaa");
  table_.erase_expired("aaaaaaaaaaaa");
  EXPECT_THAT(error_of([this] { table_.find("aaaaaaaaaaaa"); }),
              Refused(ErrorCode::kNotFound,
                      "workspace 'aaaaaaaaaaaa' expired and was automatically deleted"));
  EXPECT_THAT(error_of([this] { table_.find("x\ny"); }), Refused(ErrorCode::kNotFound));
  EXPECT_THAT(error_of([this] { table_.find("bbbbbbbbbbbb"); }),
              Refused(ErrorCode::kNotFound, "workspace 'bbbbbbbbbbbb' does not exist"));
}

TEST_F(WorkspaceTableTest, what_is_done_in_one_moves_its_expiry) {
  auto record = record_of("aaaaaaaaaaaa");
  record.workspace.ttl_seconds = 100;
  record.workspace.expires_at = 1;
  table_.add(record);
  const double before = now_epoch_seconds();
  table_.touch("aaaaaaaaaaaa");
  const auto touched = table_.find("aaaaaaaaaaaa").workspace;
  EXPECT_GE(touched.last_activity_at, before);
  EXPECT_EQ(touched.expires_at, touched.last_activity_at + 100);
}

TEST_F(WorkspaceTableTest, touching_one_that_is_gone_does_not_bring_it_back) {
  table_.touch("aaaaaaaaaaaa");
  EXPECT_FALSE(table_.get("aaaaaaaaaaaa").has_value());
}

TEST_F(WorkspaceTableTest, a_change_is_there_for_the_next_process) {
  table_.add(record_of("aaaaaaaaaaaa"));
  table_.update("aaaaaaaaaaaa", [](WorkspaceRecord& record) { record.vm_id = "bbbb"; });
  EXPECT_EQ(WorkspaceTable(registry_).find("aaaaaaaaaaaa").vm_id, "bbbb");
}

}  // namespace
}  // namespace pyro::workspace
