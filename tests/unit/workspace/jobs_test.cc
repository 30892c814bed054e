#include "services/workspace/commands/jobs.h"

#include <pthread.h>

#include <atomic>
#include <future>
#include <thread>

#include "common/base/reasons/machine.h"
#include "common/guest/machine_paths.h"
#include "tests/support/fake_agent.h"
#include "tests/support/registry_sql.h"
#include "tests/unit/workspace/workspace_fixture.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using testing::FakeAgent;
using ::testing::HasSubstr;
using wire::JobState;

constexpr const char* kVm = "0123456789ab";
const api::Machine kMachine{.vm_id = kVm};

/// A link whose guest takes connections, and no more.
UniqueFd listen_silently(const std::filesystem::path& path) {
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 16) != 0) {
    throw system_error("listen");
  }
  return listener;
}

Deadline in_a_minute() { return Clock::now() + std::chrono::minutes(1); }

/// Commands of a guest that says what a test wants it to.
class JobsTest : public WorkspaceTest {
 protected:
  JobsTest() {
    paths_.runtime_dir = directory_ / "r";
    std::filesystem::create_directories(socket().parent_path());
  }
  std::filesystem::path socket() const { return MachinePaths(paths_, kVm).link_socket; }

  /// Its call is stopped by `stop`, and cancelled by its caller by `cancel`.
  std::shared_ptr<Job> start(Jobs& jobs, const std::stop_token& stop = {},
                             const std::stop_token& cancel = {}) {
    return jobs.start({.workspace = workspace_,
                       .machine = kMachine,
                       .command = "make",
                       .cwd = "/workspace",
                       .environment = {},
                       .timeout = time_out_,
                       .job_id = "j"},
                      bus::Call({.deadline = in_a_minute(), .stop = stop}, cancel), stop);
  }
  JobState ended(const std::shared_ptr<Job>& job) {
    EXPECT_TRUE(job->wait(in_a_minute(), {}));
    return job->command().state;
  }
  /// Once it is of no more concern to anybody.
  void wait_until_done(const Jobs& jobs) {
    while (jobs.any(workspace_.id())) std::this_thread::yield();
  }

  /// Until allow_records, no command's record changes.
  void refuse_records() const {
    pyro::testing::run_sql(directory_ / "registry.db",
                           "CREATE TRIGGER refuse BEFORE UPDATE ON workspace_commands "
                           "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");
  }
  void allow_records() const {
    pyro::testing::run_sql(directory_ / "registry.db", "DROP TRIGGER refuse");
  }
  std::chrono::seconds time_out_{30};
  Jobs::Hooks hooks_{.recorded = [](const std::string&) {}, .done = [] {}};
  WorkspaceRecord workspace_ = record_of("aaaaaaaaaaaa");
  Journal journal_{registry_, paths_};
  Connections connections_{registry_, paths_};
};

TEST_F(JobsTest, an_agent_that_says_of_an_ended_command_that_it_runs_has_it_cancelled) {
  FakeAgent agent(socket(), [](const link::Frame&) {
    return FakeAgent::result(wire::Job{.state = JobState::kRunning});
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  EXPECT_EQ(ended(start(jobs)), JobState::kCancelled);
  wait_until_done(jobs);
  EXPECT_EQ(journal_.find(workspace_, "j")->state, JobState::kCancelled);
}

TEST_F(JobsTest, a_command_whose_start_was_not_answered_is_followed_as_long_as_it_may_run) {
  FakeAgent agent(socket(), [](const link::Frame& request) -> std::optional<std::string> {
    if (request.method != wire::FollowJob::kMethod.name) return std::nullopt;
    return FakeAgent::output("done\n") +
           FakeAgent::result(wire::Job{.state = JobState::kExited, .exit_code = 3});
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  const auto job = start(jobs);
  EXPECT_EQ(ended(job), JobState::kExited);
  EXPECT_EQ(job->output().stdout_text.text(), "done\n");
  wait_until_done(jobs);
  EXPECT_EQ(journal_.find(workspace_, "j")->exit_code, 3);
}

TEST_F(JobsTest, a_guest_that_takes_no_command_within_its_time_out_is_told_as_silent) {
  // It takes the connection and says nothing.
  const UniqueFd listener = listen_silently(socket());
  Jobs jobs(paths_, journal_, connections_, hooks_);
  time_out_ = std::chrono::seconds(5);
  const auto error = error_of([&] { start(jobs); });
  EXPECT_THAT(error, Refused(ErrorCode::kDeadlineExceeded,
                             AllOf(HasSubstr("overloaded"), HasSubstr("stop or reset"))));
  EXPECT_EQ(error->reason(), reason::kGuestSilent);
  EXPECT_EQ(journal_.count(workspace_), 0U) << "it never began";
}

TEST_F(JobsTest, a_start_without_an_answer_is_late_when_the_time_of_its_command_is_over) {
  FakeAgent agent(socket(), [](const link::Frame&) { return std::string(); });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  time_out_ = std::chrono::seconds(5);
  const auto job = start(jobs);
  EXPECT_FALSE(job->ended());
  EXPECT_EQ(job->latest_end(), job->due());
}

TEST_F(JobsTest, a_command_that_runs_has_some_time_to_be_ended_in) {
  FakeAgent agent(socket(), [](const link::Frame& request) {
    return request.method == wire::StartJob::kMethod.name ? FakeAgent::result(wire::Job{})
                                                          : std::string();
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  const auto job = start(jobs);
  EXPECT_EQ(job->latest_end(), job->due() + kAgentGrace);
  const Job::Reader reader(job);
  EXPECT_EQ(job->latest_end(), Deadline::max()) << "a slow reader holds a command up";
}

TEST_F(JobsTest, a_command_whose_guest_stays_silent_has_timed_out_without_an_exit_status) {
  FakeAgent agent(socket(), [](const link::Frame& request) -> std::optional<std::string> {
    if (request.method == wire::StartJob::kMethod.name) return FakeAgent::result(wire::Job{});
    return FakeAgent::error(deadline_exceeded(reason::kGuestSilent, "late"));
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  EXPECT_EQ(ended(start(jobs)), JobState::kTimedOut);
  wait_until_done(jobs);
  EXPECT_EQ(journal_.find(workspace_, "j")->exit_code, std::nullopt);
}

TEST_F(JobsTest, what_an_ended_command_left_running_is_ended_by_its_id) {
  std::string asked;
  FakeAgent agent(socket(), [&asked](const link::Frame& request) {
    asked = api::from_msgpack<wire::EndLeft>(request.body.data, api::UnknownFields::kRefuse).job_id;
    return FakeAgent::result(wire::EndedLeft{.any = true});
  });
  const Jobs jobs(paths_, journal_, connections_, hooks_);
  EXPECT_TRUE(jobs.end_left({.job_id = "j"}, kVm).any);
  EXPECT_EQ(asked, "j");
}

TEST_F(JobsTest, a_guest_of_an_earlier_version_leaves_nothing_known) {
  FakeAgent agent(socket(), [](const link::Frame&) {
    return FakeAgent::error(invalid_argument("the agent knows no method 'job.end_left'"));
  });
  const Jobs jobs(paths_, journal_, connections_, hooks_);
  EXPECT_FALSE(jobs.end_left({.job_id = "j"}, kVm).any);
}

TEST_F(JobsTest, a_command_that_its_guest_refused_leaves_no_entry) {
  FakeAgent agent(socket(), [](const link::Frame& request) {
    return request.method == wire::StartJob::kMethod.name
               ? FakeAgent::error(invalid_argument("no such directory"))
               : FakeAgent::error(not_found("no such job"));
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  EXPECT_THAT(error_of([&] { start(jobs); }),
              Refused(ErrorCode::kInvalidArgument, "no such directory"));
  EXPECT_EQ(journal_.count(workspace_), 0U);
}

TEST_F(JobsTest, an_adopted_command_that_its_guest_does_not_know_never_began) {
  FakeAgent agent(socket(),
                  [](const link::Frame&) { return FakeAgent::error(not_found("no such job")); });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  jobs.adopt(journal_.begin(workspace_, {.command = "make", .job_id = "j"}), kVm);
  wait_until_done(jobs);
  EXPECT_EQ(journal_.count(workspace_), 0U);
}

TEST_F(JobsTest, an_adopted_command_whose_guest_is_gone_was_cancelled) {
  Jobs jobs(paths_, journal_, connections_, hooks_);
  jobs.adopt(journal_.begin(workspace_, {.command = "make", .job_id = "j"}), kVm);
  wait_until_done(jobs);
  EXPECT_EQ(journal_.find(workspace_, "j")->state, JobState::kCancelled);
}

TEST_F(JobsTest, a_command_that_ran_and_is_unknown_to_its_guest_was_cancelled) {
  FakeAgent agent(socket(), [](const link::Frame& request) {
    return request.method == wire::StartJob::kMethod.name
               ? FakeAgent::result(wire::Job{})
               : FakeAgent::error(not_found("no such job"));
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  EXPECT_EQ(ended(start(jobs)), JobState::kCancelled);
}

TEST_F(JobsTest, a_guest_knows_a_command_until_its_end_is_recorded) {
  std::atomic<bool> forgotten = false;
  FakeAgent agent(socket(), [&](const link::Frame& request) {
    if (request.method == wire::FollowJob::kMethod.name) {
      refuse_records();
    }
    if (request.method == wire::ForgetJob::kMethod.name) forgotten = true;
    return FakeAgent::result(wire::Job{.state = JobState::kExited, .exit_code = 0});
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  const auto job = start(jobs);
  // Who waits has its end, and so has who asks again.
  EXPECT_EQ(ended(job), JobState::kExited);
  ASSERT_EQ(jobs.find(workspace_, "j"), job);
  EXPECT_FALSE(forgotten);
  allow_records();
  wait_until_done(jobs);
  EXPECT_TRUE(forgotten);
  EXPECT_EQ(journal_.find(workspace_, "j")->state, JobState::kExited);
}

TEST_F(JobsTest, the_end_is_recorded_and_its_workspace_lives_on_before_anybody_hears_of_it) {
  FakeAgent agent(socket(), [](const link::Frame&) {
    return FakeAgent::result(wire::Job{.state = JobState::kExited, .exit_code = 0});
  });
  std::promise<void> done;
  std::optional<Jobs> jobs;
  std::atomic<int> tries = 0;
  hooks_.recorded = [&](const std::string& workspace_id) {
    EXPECT_EQ(workspace_id, workspace_.id());
    EXPECT_EQ(journal_.find(workspace_, "j")->state, JobState::kExited);
    if (++tries == 1) {
      EXPECT_FALSE(jobs->find(workspace_, "j")->ended());
      throw resource_exhausted("the registry is full");
    }
  };
  hooks_.done = [&] {
    EXPECT_FALSE(jobs->any(workspace_.id()));
    done.set_value();
  };
  jobs.emplace(paths_, journal_, connections_, hooks_);
  EXPECT_EQ(ended(start(*jobs)), JobState::kExited);
  done.get_future().wait();
  EXPECT_EQ(tries, 2);
}

TEST_F(JobsTest, a_command_that_has_ended_holds_no_stream_of_its_guest) {
  FakeAgent agent(socket(), [](const link::Frame&) {
    return FakeAgent::result(wire::Job{.state = JobState::kExited, .exit_code = 0});
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  EXPECT_EQ(ended(start(jobs)), JobState::kExited);
  const Deadline deadline = in_a_minute();
  while (agent.open_connections() > 0 && Clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(agent.open_connections(), 0);
}

TEST_F(JobsTest, only_so_many_commands_of_a_workspace_run_at_once) {
  FakeAgent agent(socket(), [](const link::Frame& request) -> std::string {
    // Who follows hears nothing.
    if (request.method == wire::FollowJob::kMethod.name) return "";
    return FakeAgent::result(wire::Job{});
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  for (std::size_t i = 0; i < Jobs::kMostAtOnce; ++i) start(jobs);
  EXPECT_THAT(error_of([&] { start(jobs); }),
              Refused(ErrorCode::kResourceExhausted,
                      ::testing::HasSubstr("workspace aaaaaaaaaaaa runs 32 commands, which is the "
                                           "most at once")));
  EXPECT_EQ(journal_.count(workspace_), Jobs::kMostAtOnce);
  workspace_ = record_of("bbbbbbbbbbbb");
  start(jobs);
}

TEST_F(JobsTest, a_command_that_no_thread_can_follow_is_ended_and_recorded_so) {
  pthread_attr_t usual;
  ASSERT_EQ(::pthread_getattr_default_np(&usual), 0);
  FakeAgent agent(socket(), [&](const link::Frame&) {
    // No memory has room for the next thread's stack. Nor does anybody get a new connection.
    pthread_attr_t vast = usual;
    ::pthread_attr_setstacksize(&vast, std::size_t{1} << 47U);
    ::pthread_setattr_default_np(&vast);
    std::filesystem::remove(socket());
    return FakeAgent::result(wire::Job{});
  });
  Jobs jobs(paths_, journal_, connections_, hooks_);
  const auto refusal = error_of([&] { start(jobs); });
  jobs.adopt(journal_.begin(workspace_, {.command = "adopted", .job_id = "k"}), kVm);
  ::pthread_setattr_default_np(&usual);
  EXPECT_THAT(refusal,
              Refused(ErrorCode::kResourceExhausted, ::testing::HasSubstr("no thread can follow")));
  EXPECT_FALSE(jobs.any(workspace_.id()));
  EXPECT_EQ(journal_.find(workspace_, "j")->state, JobState::kCancelled);
  EXPECT_EQ(journal_.find(workspace_, "k")->state, JobState::kCancelled);
}

/// Commands whose start was stopped before the guest had answered it.
class StoppedStart : public JobsTest {
 protected:
  /// How such a command ends.
  JobState end_of_one(const std::stop_token& stop, const std::stop_token& cancel,
                      const std::function<void()>& interrupt) {
    std::atomic<bool> killed = false;
    FakeAgent agent(socket(), [&](const link::Frame& request) -> std::optional<std::string> {
      if (request.method == wire::StartJob::kMethod.name) {
        interrupt();
        return std::nullopt;
      }
      if (request.method == wire::SignalJob::kMethod.name) killed = true;
      return FakeAgent::result(
          wire::Job{.state = killed ? JobState::kCancelled : JobState::kExited, .exit_code = 0});
    });
    Jobs jobs(paths_, journal_, connections_, hooks_);
    EXPECT_TRUE(error_of([&] { start(jobs, stop, cancel); }));
    wait_until_done(jobs);
    return journal_.find(workspace_, "j")->state;
  }
};

TEST_F(StoppedStart, goes_on_where_its_caller_vanished_or_its_service_ends) {
  std::stop_source stop;
  EXPECT_EQ(end_of_one(stop.get_token(), {}, [&] { stop.request_stop(); }), JobState::kExited);
}

TEST_F(StoppedStart, is_ended_where_its_caller_cancelled) {
  std::stop_source stop;
  EXPECT_EQ(end_of_one(stop.get_token(), stop.get_token(), [&] { stop.request_stop(); }),
            JobState::kCancelled);
}

TEST_F(JobsTest, a_service_ends_while_an_end_waits_to_be_recorded) {
  FakeAgent agent(socket(), [&](const link::Frame& request) {
    if (request.method == wire::FollowJob::kMethod.name) {
      refuse_records();
    }
    return FakeAgent::result(wire::Job{.state = JobState::kExited, .exit_code = 0});
  });
  std::shared_ptr<Job> job;
  {
    Jobs jobs(paths_, journal_, connections_, hooks_);
    job = start(jobs);
    EXPECT_EQ(ended(job), JobState::kExited);
  }
  EXPECT_EQ(job->command().exit_code, 0);
}

}  // namespace
}  // namespace pyro::workspace
