#include "services/workspace/services/service_table.h"

#include "common/base/reasons/workspace.h"
#include "tests/unit/workspace/workspace_fixture.h"

namespace pyro::workspace {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using State = api::WorkspaceServiceState;

class ServiceTableTest : public WorkspaceTest {
 protected:
  static ServiceRecord service_of(const WorkspaceRecord& workspace, const std::string& job_id) {
    ServiceRecord service;
    service.service_name = "web";
    service.workspace_id = workspace.id();
    service.session = workspace.session;
    service.job_id = job_id;
    return service;
  }
  std::optional<ServiceRecord> end(const ServiceRecord& service, int exit_code = 0) {
    return table_.change(service, [exit_code](ServiceRecord& now) {
      now.state = State::kExited;
      now.exit_code = exit_code;
    });
  }

  WorkspaceRecord workspace_ = record_of("aaaaaaaaaaaa");
  ServiceRecord first_ = service_of(workspace_, "1");
  ServiceTable table_{registry_};
};

TEST_F(ServiceTableTest, one_that_runs_keeps_its_name_and_one_that_ended_gives_it_up) {
  table_.begin(first_);
  EXPECT_THAT(error_of([&] { table_.begin(service_of(workspace_, "2")); }),
              Refused(reason::kServiceRuns));
  EXPECT_EQ(table_.find(workspace_, "web")->job_id, "1");
  end(first_);
  table_.begin(service_of(workspace_, "2"));
  EXPECT_EQ(table_.find(workspace_, "web")->job_id, "2");
  EXPECT_THAT(table_.all(workspace_), SizeIs(1));
}

TEST_F(ServiceTableTest, what_has_ended_is_changed_no_more) {
  table_.begin(first_);
  EXPECT_TRUE(end(first_, 3));
  EXPECT_FALSE(end(first_, 4));
  EXPECT_EQ(table_.find(workspace_, "web")->exit_code, 3);
  EXPECT_THAT(table_.running(), IsEmpty());
}

TEST_F(ServiceTableTest,
       a_later_start_of_that_name_is_neither_changed_nor_taken_back_by_one_before) {
  table_.begin(first_);
  end(first_);
  table_.begin(service_of(workspace_, "2"));
  EXPECT_FALSE(end(first_));
  table_.retract(first_);
  ASSERT_TRUE(table_.find(workspace_, "web"));
  EXPECT_TRUE(table_.find(workspace_, "web")->running());
  table_.retract(service_of(workspace_, "2"));
  EXPECT_FALSE(table_.find(workspace_, "web"));
}

TEST_F(ServiceTableTest, those_of_other_sessions_and_of_a_deleted_workspace_are_forgotten) {
  WorkspaceRecord reset = workspace_;
  ++reset.session;
  const WorkspaceRecord other = record_of("bbbbbbbbbbbb");
  table_.begin(first_);
  table_.begin(service_of(reset, "2"));
  table_.begin(service_of(other, "3"));
  table_.forget_other_sessions(reset);
  EXPECT_FALSE(table_.find(workspace_, "web"));
  EXPECT_TRUE(table_.find(reset, "web"));
  table_.forget(reset.id());
  EXPECT_FALSE(table_.find(reset, "web"));
  EXPECT_TRUE(table_.find(other, "web"));
}

}  // namespace
}  // namespace pyro::workspace
