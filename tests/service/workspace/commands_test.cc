#include <atomic>

#include "common/api/agent.h"
#include "common/base/reasons/workspace.h"
#include "common/guest/machine_paths.h"
#include "tests/service/workspace/workspace_service.h"
#include "tests/support/fake_agent.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;
using testing::FakeAgent;
using ::testing::SizeIs;

/// A workspace whose guest runs what it is given as the test says.
class WorkspaceCommands : public WorkspaceService {
 protected:
  std::filesystem::path link() {
    return MachinePaths(stack_.paths(), machines_of(id_).at(0)).link_socket;
  }
  api::WorkspaceExecResult exec() {
    return call(api::ExecWorkspace{.workspace_id = id_, .command = "make", .job_id = kJob});
  }
  api::ExecPoll poll() {
    return call(api::PollExec{.workspace_id = id_, .job_id = kJob, .wait_seconds = 20});
  }
  static std::string ended() {
    return FakeAgent::output("done\n") +
           FakeAgent::result(wire::Job{.state = wire::JobState::kExited, .exit_code = 3});
  }
  /// Starts each command, and has it end once it is followed.
  static std::optional<std::string> runs(const link::Frame& request) {
    return request.method == wire::FollowJob::kMethod.name ? ended()
                                                           : FakeAgent::result(wire::Job{});
  }

  static constexpr const char* kJob = "0123456789ab";
  std::string id_ = create();
};

TEST_F(WorkspaceCommands, a_command_is_answered_with_its_end_and_stays_in_the_history) {
  FakeAgent agent(link(), runs);
  const auto result = exec();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.stdout_text, "done\n");
  const auto status = call(api::WorkspaceStatus{.workspace_id = id_});
  EXPECT_EQ(status.command_count, 1U);
  ASSERT_TRUE(status.last_command);
  EXPECT_EQ(status.last_command->command, "make");
  EXPECT_THAT(call(api::WorkspaceLogs{.workspace_id = id_}).entries, SizeIs(1));
}

TEST_F(WorkspaceCommands, a_command_that_runs_while_its_service_is_killed_is_taken_up_by_the_next) {
  std::atomic<int> started = 0;
  FakeAgent agent(link(), [&](const link::Frame& request) {
    if (request.method == wire::StartJob::kMethod.name) ++started;
    return runs(request);
  });
  points_.kill_at("workspace.exec.started");
  EXPECT_THAT(error_of([&] { exec(); }), Refused(ErrorCode::kUnavailable));
  restart();
  const auto end = poll();
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_EQ(end.stdout_text, "done\n");
  EXPECT_EQ(started, 1) << "it is followed, not run once more";
}

TEST_F(WorkspaceCommands, an_end_that_was_not_recorded_before_a_kill_is_recorded_by_the_next) {
  FakeAgent agent(link(), runs);
  points_.kill_at("workspace.exec.ended");
  EXPECT_THAT(error_of([&] { exec(); }), Refused(ErrorCode::kUnavailable));
  restart();
  EXPECT_EQ(poll().exit_code, 3);
}

TEST_F(WorkspaceCommands, a_command_whose_guest_went_with_the_service_is_told_as_cancelled) {
  {
    FakeAgent agent(link(), runs);
    points_.kill_at("workspace.exec.started");
    EXPECT_THAT(error_of([&] { exec(); }), Refused(ErrorCode::kUnavailable));
  }
  std::filesystem::remove(link());
  restart();
  const auto end = poll();
  EXPECT_EQ(end.state, api::JobState::kCancelled);
  EXPECT_FALSE(end.exit_code);
}

TEST_F(WorkspaceCommands, a_command_of_a_session_that_a_killed_reset_ended_is_not_taken_up) {
  std::atomic<int> followed = 0;
  FakeAgent agent(link(), [&](const link::Frame& request) {
    if (request.method == wire::FollowJob::kMethod.name) ++followed;
    return runs(request);
  });
  points_.kill_at("workspace.exec.started");
  EXPECT_THAT(error_of([&] { exec(); }), Refused(ErrorCode::kUnavailable));
  change_record(id_, [](WorkspaceRecord& record) { ++record.session; });
  restart();
  EXPECT_THAT(error_of([&] { poll(); }), Refused(reason::kJobMissing));
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id_}).command_count, 0U);
  EXPECT_EQ(followed, 0);
}

}  // namespace
}  // namespace pyro::workspace
