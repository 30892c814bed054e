#include <condition_variable>
#include <mutex>

#include "common/api/agent_services.h"
#include "common/api/workspace_services.h"
#include "common/base/reasons/workspace.h"
#include "common/guest/machine_paths.h"
#include "tests/service/workspace/workspace_service.h"
#include "tests/support/fake_agent.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;
using ServiceState = api::WorkspaceServiceState;
using api::StopReason;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeAgent;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

/// A guest's agent that knows one job and ends it as the test says.
class FakeJob {
 public:
  /// What it answers a probe with; unset: it waits until there is something.
  std::optional<wire::ProbeResult> probed;
  bool obeys_term = true;
  bool forgets = false;
  /// It takes a start and does not answer.
  std::atomic<bool> silent_starts = false;
  /// So many signals do not reach it.
  std::atomic<int> lost_signals = 0;

  std::optional<std::string> answer(const link::Frame& request) {
    std::unique_lock lock(mutex_);
    if (forgets) return FakeAgent::error(not_found(reason::kJobMissing, "no such job"));
    if (request.method == wire::StartJob::kMethod.name) {
      ++starts;
      exit_code_.reset();
      if (silent_starts) return std::string();
      return FakeAgent::result(wire::Job{.pid = 7});
    }
    if (request.method == wire::ProbeJob::kMethod.name) {
      changed_.wait(lock, [&] { return probed || gone_ || exit_code_; });
      if (!probed && exit_code_) return FakeAgent::result(wire::ProbeResult{.ended = true});
      if (!probed) return std::nullopt;
      return FakeAgent::result(*probed);
    }
    if (request.method == wire::WaitJob::kMethod.name) {
      changed_.wait(lock, [&] { return exit_code_ || gone_; });
      if (gone_) return std::nullopt;
      return FakeAgent::result(job());
    }
    if (request.method == wire::SignalJob::kMethod.name) {
      if (lost_signals > 0) {
        --lost_signals;
        return std::nullopt;
      }
      const auto asked =
          api::from_msgpack<wire::SignalJob>(request.body.data, api::UnknownFields::kRefuse);
      signals.push_back(asked.signal);
      const bool ends = !exit_code_ && (asked.signal == 9 || obeys_term);
      if (ends) exit_code_ = 128 + static_cast<int>(asked.signal);
      changed_.notify_all();
      return FakeAgent::result(job());
    }
    if (request.method == wire::ReadLog::kMethod.name) {
      const auto asked =
          api::from_msgpack<wire::ReadLog>(request.body.data, api::UnknownFields::kRefuse);
      if (asked.stream == 2) return FakeAgent::result(wire::LogPart{});
      const std::uint64_t size = log.size();
      const std::uint64_t from = std::min(
          asked.offset.value_or(size - std::min<std::uint64_t>(size, asked.max_bytes)), size);
      return FakeAgent::result(wire::LogPart{
          .data = {log.substr(from, asked.max_bytes)}, .offset = from, .total = size});
    }
    if (request.method == wire::JobStatus::kMethod.name) return FakeAgent::result(job());
    return FakeAgent::result(wire::LeftRunning{});
  }

  void end(int exit_code) {
    change([&] { exit_code_ = exit_code; });
  }
  void probe(wire::ProbeResult result) {
    change([&] { probed = std::move(result); });
  }
  /// The machine went.
  void go() {
    change([&] { gone_ = true; });
  }

  std::string log = "one\ntwo\nthree\n";
  std::vector<std::uint32_t> signals;
  std::atomic<int> starts = 0;

 private:
  template <class Change>
  void change(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  wire::Job job() const {
    if (!exit_code_) return {};
    return {.state = wire::JobState::kExited, .exit_code = exit_code_};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<int> exit_code_;
  bool gone_ = false;
};

class WorkspaceServices : public WorkspaceService {
 protected:
  ~WorkspaceServices() override { job_.go(); }
  std::filesystem::path link() {
    return MachinePaths(stack_.paths(), machines_of(id_).at(0)).link_socket;
  }
  api::StartService request() const {
    return {.workspace_id = id_,
            .service_name = "web",
            .command = "serve",
            .ready_tcp = "localhost:8000"};
  }
  api::ServiceReply start() {
    job_.probe({.ready = true});
    return call(request());
  }
  api::ServiceReply status() {
    return call(api::WorkspaceServiceStatus{.workspace_id = id_, .service_name = "web"});
  }
  api::ServiceReply stop() {
    return call(api::StopService{.workspace_id = id_, .service_name = "web"});
  }
  api::ServiceReply wait_for(ServiceState state) {
    EXPECT_TRUE(test::soon([&] { return status().state == state; }));
    return status();
  }
  std::vector<std::string> events() {
    std::vector<std::string> found;
    for (const auto& event : summary(id_).services.recent) found.push_back(event.event);
    return found;
  }

  std::string id_ = create();
  FakeJob job_;
  std::optional<FakeAgent> agent_{
      std::in_place, link(), [this](const link::Frame& request) { return job_.answer(request); }};
};

TEST_F(WorkspaceServices, a_service_is_running_once_it_is_ready) {
  const auto started = start();
  EXPECT_EQ(started.state, ServiceState::kRunning);
  EXPECT_EQ(started.cwd, "/workspace");
  EXPECT_TRUE(started.ready_at);
  EXPECT_EQ(started.pid, 7U);
  ASSERT_TRUE(started.readiness);
  EXPECT_EQ(started.readiness->address, "localhost:8000");
  const auto list = call(api::ListServices{.workspace_id = id_});
  EXPECT_EQ(list.count, 1U);
  EXPECT_EQ(list.running_count, 1U);
  const auto workspace = call(api::WorkspaceStatus{.workspace_id = id_});
  EXPECT_EQ(workspace.service_count, 1U);
  EXPECT_EQ(workspace.running_service_count, 1U);
  EXPECT_THAT(events(), ElementsAre("ready"));
}

TEST_F(WorkspaceServices, a_service_that_is_not_ready_in_time_has_failed_and_runs_no_more) {
  job_.log = std::string(3000, 'x') + "\n";
  for (int i = 0; i < 30; ++i) job_.log += "line " + std::to_string(i) + "\n";
  job_.probe({.why = "localhost:8000: Connection refused"});
  const auto failed = call(request());
  EXPECT_EQ(failed.state, ServiceState::kFailed);
  ASSERT_TRUE(failed.failure);
  EXPECT_THAT(*failed.failure,
              AllOf(HasSubstr("not ready within 30 s"), HasSubstr("Connection refused"),
                    HasSubstr("line 10\n"), HasSubstr("line 29\n"), Not(HasSubstr("line 9\n"))));
  EXPECT_THAT(job_.signals, ElementsAre(9U));
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id_}).running_service_count, 0U);
  EXPECT_THAT(events(), ElementsAre("failed"));
}

TEST_F(WorkspaceServices, a_service_that_exits_before_it_is_ready_has_failed) {
  std::jthread later([this] {
    EXPECT_TRUE(test::soon([this] { return job_.starts > 0; }));
    job_.end(3);
  });
  const auto failed = call(request());
  EXPECT_EQ(failed.state, ServiceState::kFailed);
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_THAT(*failed.failure, AllOf(HasSubstr("exited with 3 before it was ready"),
                                     HasSubstr("one\ntwo\nthree\n")));
}

TEST_F(WorkspaceServices, a_service_without_a_sign_of_readiness_is_ready_at_once) {
  auto plain = request();
  plain.ready_tcp.reset();
  EXPECT_EQ(call(plain).state, ServiceState::kRunning);
}

TEST_F(WorkspaceServices, the_end_of_a_service_is_known_without_a_question) {
  start();
  job_.end(5);
  const auto ended = wait_for(ServiceState::kExited);
  EXPECT_EQ(ended.exit_code, 5);
  EXPECT_FALSE(ended.stop_reason);
  EXPECT_THAT(events(), ElementsAre("exited", "ready"));
}

TEST_F(WorkspaceServices, a_service_is_stopped_by_term_and_else_by_kill) {
  start();
  const auto obeyed = stop();
  EXPECT_EQ(obeyed.state, ServiceState::kStopped);
  EXPECT_EQ(obeyed.stop_reason, StopReason::kSigterm);
  EXPECT_EQ(stop().stop_reason, StopReason::kSigterm) << "it is left as it is";
  job_.obeys_term = false;
  start();
  EXPECT_EQ(stop().stop_reason, StopReason::kSigkill);
  EXPECT_THAT(job_.signals, ElementsAre(15U, 15U, 9U));
}

TEST_F(WorkspaceServices, a_name_is_taken_as_long_as_its_service_runs) {
  start();
  EXPECT_THAT(error_of([&] { call(request()); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("already running")));
  stop();
  EXPECT_EQ(start().state, ServiceState::kRunning);
  EXPECT_EQ(call(api::ListServices{.workspace_id = id_}).count, 1U);
}

TEST_F(WorkspaceServices, what_cannot_be_a_service_is_refused_before_anything_runs) {
  const auto refused = [&](const std::function<void(api::StartService&)>& change, const char* why) {
    auto wrong = request();
    change(wrong);
    EXPECT_THAT(error_of([&] { call(wrong); }),
                ::testing::Optional(::testing::Property(&Error::message, HasSubstr(why))));
  };
  refused([](auto& r) { r.service_name = "../x"; }, "service_name '../x' must match");
  refused([](auto& r) { r.ready_file = "a"; }, "at most one of");
  refused([](auto& r) { r.published_ports = {{.guest_port = 80}}; }, "egress+published-ports");
  const auto file = [](const char* path) {
    return [path](api::StartService& r) {
      r.ready_tcp.reset();
      r.ready_file = path;
    };
  };
  refused(file("/etc/passwd"), "under /workspace");
  refused(file("../etc/passwd"), "under /workspace");
  refused(file("/workspace/a/../../etc/passwd"), "under /workspace");
  refused(file("/workspace"), "under /workspace");
  EXPECT_EQ(job_.starts, 0);
  EXPECT_THAT(error_of([&] { status(); }), Refused(ErrorCode::kNotFound, HasSubstr("'web'")));
}

TEST_F(WorkspaceServices, a_caller_that_cancels_the_start_ends_the_service) {
  std::stop_source caller;
  std::jthread later([&] {
    EXPECT_TRUE(test::soon([this] { return job_.starts > 0; }));
    caller.request_stop();
  });
  EXPECT_THAT(error_of([&] { call(request(), caller.get_token()); }),
              Refused(ErrorCode::kCancelled));
  EXPECT_EQ(wait_for(ServiceState::kStopped).stop_reason, StopReason::kSigterm);
}

TEST_F(WorkspaceServices, a_service_whose_start_is_answered_too_late_runs_with_its_record) {
  job_.silent_starts = true;
  EXPECT_THAT(error_of([&] { call_within(std::chrono::seconds(1), request()); }),
              Refused(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(job_.starts, 1);
  EXPECT_TRUE(test::soon([&] { return !error_of([&] { status(); }).has_value(); }));
  EXPECT_EQ(status().state, ServiceState::kRunning);
  EXPECT_FALSE(status().ready_at);
  job_.probe({.ready = true});
  EXPECT_TRUE(test::soon([&] { return status().ready_at.has_value(); }));
  EXPECT_THAT(job_.signals, ::testing::IsEmpty()) << "it runs, and nobody ended it";
  EXPECT_EQ(stop().stop_reason, StopReason::kSigterm);
}

TEST_F(WorkspaceServices, a_kill_that_does_not_reach_the_guest_is_repeated_until_it_does) {
  job_.lost_signals = 2;
  job_.probe({.why = "Connection refused"});
  EXPECT_EQ(call(request()).state, ServiceState::kFailed);
  EXPECT_EQ(job_.lost_signals, 0);
  EXPECT_THAT(job_.signals, ElementsAre(9U));
}

TEST_F(WorkspaceServices, a_start_that_is_cancelled_before_its_answer_is_ended_and_recorded) {
  job_.silent_starts = true;
  job_.lost_signals = 1;
  std::stop_source caller;
  std::jthread later([&] {
    EXPECT_TRUE(test::soon([this] { return job_.starts > 0; }));
    caller.request_stop();
  });
  EXPECT_THAT(error_of([&] { call(request(), caller.get_token()); }),
              Refused(ErrorCode::kCancelled));
  EXPECT_THAT(*wait_for(ServiceState::kFailed).failure, HasSubstr("its start was cancelled"));
  EXPECT_THAT(job_.signals, ElementsAre(9U));
}

TEST_F(WorkspaceServices, a_start_that_the_guest_refuses_leaves_no_record) {
  job_.forgets = true;
  EXPECT_THAT(error_of([&] { call(request()); }), Refused(ErrorCode::kNotFound));
  EXPECT_EQ(call(api::ListServices{.workspace_id = id_}).count, 0U);
}

TEST_F(WorkspaceServices, a_service_outlives_this_one_and_its_readiness_is_awaited_by_the_next) {
  points_.kill_at("workspace.service_start.started");
  EXPECT_THAT(error_of([&] { call(request()); }), Refused(ErrorCode::kUnavailable));
  restart();
  EXPECT_FALSE(status().ready_at);
  job_.probe({.ready = true});
  EXPECT_TRUE(test::soon([&] { return status().ready_at.has_value(); }));
  EXPECT_EQ(job_.starts, 1);
  job_.end(0);
  EXPECT_EQ(wait_for(ServiceState::kExited).exit_code, 0);
}

TEST_F(WorkspaceServices, a_start_that_never_reached_the_guest_leaves_no_running_service) {
  points_.kill_at("workspace.service_start.recorded");
  EXPECT_THAT(error_of([&] { call(request()); }), Refused(ErrorCode::kUnavailable));
  job_.forgets = true;
  restart();
  EXPECT_THAT(*wait_for(ServiceState::kFailed).failure, HasSubstr("never ran"));
}

TEST_F(WorkspaceServices, an_end_that_was_not_recorded_before_a_kill_is_recorded_by_the_next) {
  start();
  points_.kill_at("workspace.service.ended");
  job_.end(4);
  EXPECT_TRUE(test::soon([&] { return error_of([&] { status(); }).has_value(); }));
  restart();
  EXPECT_EQ(wait_for(ServiceState::kExited).exit_code, 4);
}

TEST_F(WorkspaceServices, a_stopped_workspace_shows_its_services_stopped_with_what_they_printed) {
  start();
  call(api::StopWorkspace{.workspace_id = id_});
  const auto stopped = status();
  EXPECT_EQ(stopped.state, ServiceState::kStopped);
  EXPECT_EQ(stopped.stop_reason, StopReason::kWorkspaceStopped);
  agent_.reset();
  const auto log =
      call(api::ServiceLogs{.workspace_id = id_, .service_name = "web", .tail_lines = 2});
  EXPECT_EQ(log.stdout_text, "two\nthree\n");
  EXPECT_TRUE(log.truncated);
}

TEST_F(WorkspaceServices, a_stop_of_the_workspace_kills_what_does_not_obey) {
  job_.obeys_term = false;
  start();
  call(api::StopWorkspace{.workspace_id = id_});
  EXPECT_THAT(job_.signals, ElementsAre(15U, 9U));
  EXPECT_EQ(status().state, ServiceState::kStopped);
}

TEST_F(WorkspaceServices, the_kept_log_of_a_service_goes_once_another_takes_its_place) {
  const auto kept = [this] {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             stack_.paths().workspaces_dir() / id_ / "output")) {
      if (entry.path().filename().string().starts_with("service-")) ++files;
    }
    return files;
  };
  start();
  job_.end(0);
  wait_for(ServiceState::kExited);
  EXPECT_EQ(kept(), 2U);
  start();
  EXPECT_EQ(kept(), 0U);
  stop();
  EXPECT_EQ(kept(), 2U);
}

TEST_F(WorkspaceServices, only_so_many_run_at_once) {
  job_.probe({.ready = true});
  auto one = request();
  for (int i = 0; i < 32; ++i) {
    one.service_name = "s" + std::to_string(i);
    EXPECT_EQ(call(one).state, ServiceState::kRunning);
  }
  one.service_name = "more";
  EXPECT_THAT(error_of([&] { call(one); }), Refused(reason::kTooManyServices));
  EXPECT_EQ(call(api::ListServices{.workspace_id = id_}).count, 32U);
}

TEST_F(WorkspaceServices, one_that_runs_holds_the_expiry_off) {
  start();
  service_->kill();
  change_record(
      id_, [](WorkspaceRecord& record) { record.workspace.expires_at = now_epoch_seconds() - 1; });
  start_service();
  const std::string other = create();
  service_->kill();
  change_record(other, [](WorkspaceRecord& record) {
    record.workspace.expires_at = now_epoch_seconds() - 1;
  });
  start_service();
  EXPECT_TRUE(test::soon([&] {
    return call(api::WorkspaceStatus{.workspace_id = other}).state == api::WorkspaceState::kExpired;
  }));
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id_}).state, api::WorkspaceState::kStarted);
  EXPECT_EQ(status().state, ServiceState::kRunning);
}

TEST_F(WorkspaceServices, a_guest_that_goes_takes_its_services_along) {
  start();
  vm_->on<api::MachineStatus>([](const api::MachineStatus& request) {
    return api::Machine{.vm_id = request.vm_id, .state = api::MachineState::kStopped};
  });
  job_.go();
  agent_.reset();
  EXPECT_EQ(wait_for(ServiceState::kStopped).stop_reason, StopReason::kGuestGone);
}

TEST_F(WorkspaceServices, a_reset_forgets_the_services) {
  start();
  call(api::ResetWorkspace{.workspace_id = id_});
  EXPECT_EQ(call(api::ListServices{.workspace_id = id_}).count, 0U);
  EXPECT_THAT(job_.signals, ElementsAre(15U));
}

TEST_F(WorkspaceServices, a_log_is_given_by_lines_or_whole_or_from_a_place_on) {
  start();
  api::ServiceLogs ask{.workspace_id = id_, .service_name = "web", .tail_lines = 1};
  auto log = call(ask);
  EXPECT_EQ(log.stdout_text, "three\n");
  EXPECT_EQ(log.tail_lines, 1U);
  EXPECT_TRUE(log.truncated);
  ask.all = true;
  log = call(ask);
  EXPECT_EQ(log.stdout_text, "one\ntwo\nthree\n");
  EXPECT_FALSE(log.tail_lines);
  EXPECT_FALSE(log.truncated);
  ask.stdout_offset = log.stdout_offset;
  ask.stderr_offset = log.stderr_offset;
  EXPECT_EQ(call(ask).stdout_text, "");
  job_.log += "four\n";
  EXPECT_EQ(call(ask).stdout_text, "four\n");
}

}  // namespace
}  // namespace pyro::workspace
