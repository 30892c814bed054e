// Services of workspaces in real guests.

#include "common/api/workspace_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/guest/workspace_fixture.h"
#include "tests/support/soon.h"

namespace pyro::test {
namespace {

using State = api::WorkspaceServiceState;
using ::testing::AllOf;
using ::testing::HasSubstr;

class WorkspaceServicesTest : public WorkspaceFixture {
 protected:
  static constexpr const char* kServer = "exec python3 -u -m http.server 8000";
  api::ServiceReply start(const std::string& command = kServer) {
    return call(api::StartService{.workspace_id = id_,
                                  .service_name = "web",
                                  .command = command,
                                  .ready_http = "http://localhost:8000/",
                                  .ready_timeout_seconds = 120});
  }
  api::ServiceReply status() {
    return call(api::WorkspaceServiceStatus{.workspace_id = id_, .service_name = "web"});
  }
  std::string logs() {
    const auto log = call(api::ServiceLogs{.workspace_id = id_, .service_name = "web"});
    return log.stdout_text + log.stderr_text;
  }

  std::string id_ = create().workspace_id;
};

TEST_F(WorkspaceServicesTest, a_server_is_there_once_it_is_ready_and_gone_once_it_is_stopped) {
  write(id_, "/workspace/page.txt", "hello\n");
  const auto started = start();
  EXPECT_EQ(started.state, State::kRunning);
  EXPECT_EQ(output_of(id_, "curl -s http://localhost:8000/page.txt"), "hello\n");
  EXPECT_THAT(logs(), HasSubstr("GET /page.txt"));
  EXPECT_EQ(call(api::StopService{.workspace_id = id_, .service_name = "web"}).stop_reason,
            api::StopReason::kSigterm);
  EXPECT_NE(run(id_, "curl -s http://localhost:8000/").exit_code, 0);
  EXPECT_EQ(start().state, State::kRunning) << "the port is free again";
}

TEST_F(WorkspaceServicesTest, a_service_that_fails_leaves_nothing_and_says_what_it_printed) {
  const auto failed = start("(sleep 1000 &); echo no configuration >&2; exit 3");
  EXPECT_EQ(failed.state, State::kFailed);
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_THAT(failed.failure.value_or(""),
              AllOf(HasSubstr("exited with 3"), HasSubstr("no configuration")));
  EXPECT_EQ(output_of(id_, "pgrep -x sleep || true"), "");
}

TEST_F(WorkspaceServicesTest, a_service_outlives_the_service_that_watches_it) {
  start();
  ::kill(process_of("pyro-workspace"), SIGKILL);
  EXPECT_EQ(status().state, State::kRunning);
  EXPECT_EQ(output_of(id_, "curl -s -o /dev/null -w '%{http_code}' http://localhost:8000/"), "200");
  output_of(id_, "pkill -x python3");
  EXPECT_TRUE(soon([&] { return status().state == State::kExited; }));
  EXPECT_EQ(status().exit_code, 128 + 15);
}

TEST_F(WorkspaceServicesTest, a_stop_ends_it_and_a_start_brings_its_files_and_its_log_back) {
  start();
  call(api::StopWorkspace{.workspace_id = id_});
  EXPECT_EQ(status().stop_reason, api::StopReason::kWorkspaceStopped);
  EXPECT_THAT(logs(), HasSubstr("Serving HTTP"));
  call(api::StartWorkspace{.workspace_id = id_});
  EXPECT_EQ(status().state, State::kStopped);
  EXPECT_EQ(start().state, State::kRunning);
}

}  // namespace
}  // namespace pyro::test
