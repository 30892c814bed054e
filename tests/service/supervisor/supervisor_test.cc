#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <future>
#include <thread>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/base/error.h"
#include "common/base/reasons/stack.h"
#include "common/ownership/marker.h"
#include "common/registry/recovery.h"
#include "common/registry/registry.h"
#include "tests/service/supervisor/stack_fixture.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro::test {
namespace {

using api::ServiceState;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SupervisorTest : public StackFixture {
 protected:
  /// The services make it again at once, so it goes in one step; `then` comes before they notice.
  void remove_runtime_directory(const std::function<void()>& then) const {
    const auto aside = directory_.path() / "aside";
    std::filesystem::rename(paths_.runtime_dir, aside);
    then();
    std::filesystem::remove_all(aside);
  }

  template <class Action>
  static std::string failure_of(Action&& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.message();
    }
    return "no failure";
  }
};

TEST_F(SupervisorTest, a_service_starts_once_the_one_it_comes_after_is_ready) {
  write_stack({{"alpha", ""}, {"beta", "after = ['alpha']"}});
  ASSERT_EQ(::mkfifo((paths_.state_dir / "alpha.gate").c_str(), 0600), 0);
  client_->ensure_running();
  // Opening for writing waits until alpha is at the gate.
  auto gate = open_file(paths_.state_dir / "alpha.gate", O_WRONLY);
  const auto before = client_->status();
  EXPECT_EQ(service(*before, "alpha").state, ServiceState::kStarting);
  EXPECT_EQ(service(*before, "beta").pid, std::nullopt);
  EXPECT_THAT(events(), ElementsAre());
  gate.reset();
  const auto stack = settled();
  EXPECT_EQ(service(stack, "beta").state, ServiceState::kRunning);
  EXPECT_THAT(events(), ElementsAre("start alpha", "start beta"));
}

TEST_F(SupervisorTest, a_service_that_starts_is_waited_for_as_long_as_its_caller_has_time) {
  write_stack({{"alpha", ""}, {"image", "after = ['alpha']"}});
  ASSERT_EQ(::mkfifo((paths_.state_dir / "alpha.gate").c_str(), 0600), 0);
  client_->ensure_running();
  auto gate = open_file(paths_.state_dir / "alpha.gate", O_WRONLY);
  const Work brief{.deadline = Clock::now() + std::chrono::seconds(1)};
  EXPECT_THAT(error_of([&] { client_->call(api::ListEnvironments{}, brief); }),
              Refused(ErrorCode::kDeadlineExceeded, HasSubstr("'image' is still starting")));
  auto patient = std::async(std::launch::async, [this] {
    return client_->call(api::ListEnvironments{},
                         {.deadline = Clock::now() + std::chrono::minutes(1)});
  });
  // Longer than the bus waits for a service that is away.
  EXPECT_EQ(patient.wait_for(std::chrono::seconds(7)), std::future_status::timeout);
  gate.reset();
  EXPECT_EQ(patient.get().environments.size(), 2U);
}

TEST_F(SupervisorTest, down_quiesces_the_services_and_then_ends_them_in_reverse_order) {
  write_stack({{"image", ""}, {"vm", "after = ['image']"}, {"net", "after = ['vm']"}});
  const auto stack = settled();
  EXPECT_TRUE(client_->down());
  EXPECT_THAT(events(),
              ElementsAre("start image", "start vm", "start net", "quiesce net", "quiesce vm",
                          "quiesce image", "stop net", "stop vm", "stop image"));
  for (const auto& status : stack.services) EXPECT_TRUE(ends(*status.pid));
  EXPECT_EQ(client_->status(), std::nullopt);
  EXPECT_FALSE(client_->down());
}

TEST_F(SupervisorTest, a_damaged_registry_is_set_aside_before_the_services_start) {
  write_stack({{"vm", ""}});
  std::filesystem::create_directories(paths_.state_dir);
  { const Registry registry(paths_.registry()); }
  const std::string garbage(8192, 'g');
  write_file_atomically(paths_.registry(), garbage);
  settled();
  std::vector<std::string> aside;
  for (const auto& entry : std::filesystem::directory_iterator(paths_.state_dir)) {
    if (entry.path().filename().string().starts_with(kDamagedRegistry)) {
      aside.push_back(read_file(entry.path()));
    }
  }
  EXPECT_THAT(aside, ElementsAre(garbage));
  EXPECT_EQ(Registry(paths_.registry()).id().size(), 32U);
}

/// As a tool that cleans /tmp, or the end of the user's last login, does it.
TEST_F(SupervisorTest, a_stack_whose_runtime_directory_vanished_answers_and_ends) {
  write_stack({{"vm", ""}});
  const auto stack = settled();
  remove_runtime_directory([] {});
  StackClient late(paths_);
  EXPECT_EQ(late.status()->pid, stack.pid);
  EXPECT_TRUE(test::soon([&] {
    const Work brief{.deadline = Clock::now() + std::chrono::seconds(2)};
    return !error_of([&] { late.client("vm").call(api::Ping{}, brief); });
  }));
  EXPECT_TRUE(read_marker(paths_.runtime_dir));
  EXPECT_TRUE(late.down());
  EXPECT_TRUE(ends(*stack.pid));
  EXPECT_TRUE(ends(*service(stack, "vm").pid));
  EXPECT_THAT(events(), ElementsAre("start vm", "quiesce vm", "stop vm"));
}

TEST_F(SupervisorTest, down_ends_a_stack_whose_sockets_cannot_be_made_again) {
  write_stack({{"vm", ""}});
  const auto stack = settled();
  remove_runtime_directory([this] { write_file_atomically(paths_.runtime_dir, "in the way"); });
  EXPECT_TRUE(StackClient(paths_).down());
  EXPECT_TRUE(ends(*stack.pid));
  EXPECT_TRUE(ends(*service(stack, "vm").pid));
  std::filesystem::remove(paths_.runtime_dir);
}

TEST_F(SupervisorTest, down_ends_services_that_outlived_their_supervisor) {
  write_stack({{"vm", ""}});
  const auto stack = settled();
  kill_and_wait(*stack.pid);
  EXPECT_TRUE(StackClient(paths_).down());
  EXPECT_TRUE(ends(*service(stack, "vm").pid));
  EXPECT_FALSE(StackClient(paths_).down());
}

TEST_F(SupervisorTest, down_refuses_at_once_to_end_the_stack_of_another_state_directory) {
  write_stack({{"vm", ""}});
  const auto stack = settled();
  Paths other = paths_;
  other.state_dir = directory_.path() / "other-state";
  std::filesystem::create_directories(other.state_dir);
  EXPECT_THAT(error_of([&] { StackClient(other).down(); }), Refused(reason::kStackOtherState));
  EXPECT_EQ(client_->status()->pid, stack.pid);
}

TEST_F(SupervisorTest, a_restart_replaces_the_services_and_quiesces_none) {
  write_stack({{"vm", ""}});
  const auto before = settled();
  EXPECT_EQ(client_->restart(false), 0U);
  const auto after = settled();
  EXPECT_NE(after.pid, before.pid);
  EXPECT_NE(service(after, "vm").pid, service(before, "vm").pid);
  EXPECT_EQ(service(after, "vm").restarts, 0U);
  EXPECT_THAT(events(), ElementsAre("start vm", "stop vm", "start vm"));
  kill_and_wait(*service(after, "vm").pid);
  const auto again = stack_when([&](const api::Stack& now) {
    return service(now, "vm").state == ServiceState::kRunning && service(now, "vm").restarts == 1;
  });
  EXPECT_TRUE(StackClient(paths_).down());
  EXPECT_TRUE(ends(*service(again, "vm").pid));
}

TEST_F(SupervisorTest, a_restart_of_a_stack_that_does_not_run_starts_it) {
  write_stack({{"vm", ""}});
  client_->restart(false);
  EXPECT_EQ(service(settled(), "vm").state, ServiceState::kRunning);
}

TEST_F(SupervisorTest, a_restart_cuts_off_no_call_unless_it_is_forced) {
  write_stack({{"vm", ""}});
  const auto before = settled();
  ASSERT_EQ(::mkfifo((paths_.state_dir / "vm.quiesce").c_str(), 0600), 0);
  std::thread caller([this] {
    StackClient other(paths_);
    error_of([&] {
      other.client("vm").call(api::Quiesce{},
                              {.deadline = Clock::now() + std::chrono::seconds(30)});
    });
  });
  // Open once the handler is at work.
  const UniqueFd gate = open_file(paths_.state_dir / "vm.quiesce", O_WRONLY);
  EXPECT_THAT(error_of([&] { client_->restart(false); }), Refused(reason::kBusy));
  EXPECT_EQ(settled().pid, before.pid);
  write_all(gate.get(), "1");
  caller.join();
  EXPECT_EQ(client_->restart(true), 0U);
  EXPECT_NE(settled().pid, before.pid);
}

TEST_F(SupervisorTest, sigterm_is_the_same_as_down) {
  write_stack({{"vm", ""}});
  const auto stack = settled();
  ::kill(static_cast<pid_t>(*stack.pid), SIGTERM);
  EXPECT_TRUE(ends(*stack.pid));
  EXPECT_THAT(events(), ElementsAre("start vm", "quiesce vm", "stop vm"));
}

TEST_F(SupervisorTest, a_service_that_ends_while_the_stack_ends_is_not_started_again) {
  write_stack({{"image", ""}, {"vm", "after = ['image']"}});
  const auto gate = paths_.state_dir / "vm.quiesce";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  const auto stack = settled();
  ::kill(static_cast<pid_t>(*stack.pid), SIGTERM);
  // Open once the service is being quiesced: meanwhile the other one ends.
  const UniqueFd quiescing = open_file(gate, O_WRONLY);
  kill_and_wait(*service(stack, "image").pid);
  stack_when([&](const api::Stack& now) {
    return service(now, "image").state == api::ServiceState::kStopped;
  });
  write_all(quiescing.get(), "1");
  EXPECT_TRUE(ends(*stack.pid));
  EXPECT_THAT(events(), ElementsAre("start image", "start vm", "quiesce vm", "stop vm"));
}

TEST_F(SupervisorTest, a_killed_service_is_started_again) {
  write_stack({{"alpha", ""}});
  const auto old_pid = service(settled(), "alpha").pid;
  kill_and_wait(*old_pid);
  const auto stack = stack_when([&](const api::Stack& now) {
    const auto& alpha = service(now, "alpha");
    return alpha.state == ServiceState::kRunning && alpha.pid != old_pid;
  });
  EXPECT_EQ(service(stack, "alpha").restarts, 1U);
  EXPECT_EQ(service(stack, "alpha").last_error, "was ended by signal 9");
}

TEST_F(SupervisorTest, a_crash_loop_is_given_up_with_the_services_last_words) {
  write_stack({{"alpha", ""}, {"vm", ""}}, "[restart]\nbackoff_initial_ms = 1\ncrash_limit = 2\n");
  tell("vm.crash", "the moon is in the wrong place");
  const auto stack = settled();
  EXPECT_EQ(service(stack, "alpha").state, ServiceState::kRunning);
  EXPECT_EQ(service(stack, "vm").state, ServiceState::kFailed);
  EXPECT_EQ(service(stack, "vm").restarts, 2U);
  EXPECT_THAT(service(stack, "vm").last_error.value_or(""),
              AllOf(HasSubstr("ended with status 1"), HasSubstr("the moon is in the wrong place")));
  EXPECT_THAT(failure_of([&] { client_->call(api::GetCapabilities{}); }),
              AllOf(HasSubstr("service 'vm' was given up"), HasSubstr("the moon"),
                    HasSubstr("logs/vm.log"), HasSubstr("pyro stack down")));
  try {
    client_->call(api::GetCapabilities{});
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), reason::kServiceFailed);
  }
}

TEST_F(SupervisorTest, a_killed_supervisor_leaves_its_services_to_the_next_one) {
  write_stack({{"alpha", ""}, {"beta", ""}});
  const auto before = settled();
  kill_and_wait(*before.pid);
  StackClient other(paths_);
  EXPECT_EQ(other.status(), std::nullopt);  // its socket file is still there
  const auto after = settled();
  EXPECT_NE(after.pid, before.pid);
  EXPECT_EQ(service(after, "alpha").pid, service(before, "alpha").pid);
  EXPECT_EQ(service(after, "beta").pid, service(before, "beta").pid);
  EXPECT_EQ(service(after, "beta").restarts, 0U);
  // An adopted one is watched as well.
  kill_and_wait(*service(after, "alpha").pid);
  stack_when([&](const api::Stack& now) {
    const auto& alpha = service(now, "alpha");
    return alpha.state == ServiceState::kRunning && alpha.pid != service(before, "alpha").pid;
  });
  // And stopped as well.
  EXPECT_TRUE(client_->down());
  EXPECT_TRUE(ends(*service(before, "beta").pid));
}

TEST_F(SupervisorTest, a_service_that_hangs_is_replaced_at_adoption) {
  write_stack({{"alpha", ""}});
  const auto before = settled();
  ::kill(static_cast<pid_t>(*service(before, "alpha").pid), SIGSTOP);
  kill_and_wait(*before.pid);
  const auto after = settled();
  EXPECT_EQ(service(after, "alpha").state, ServiceState::kRunning);
  EXPECT_NE(service(after, "alpha").pid, service(before, "alpha").pid);
  EXPECT_TRUE(ends(*service(before, "alpha").pid));
}

TEST_F(SupervisorTest, a_service_that_starts_to_hang_is_replaced) {
  write_stack({{"alpha", ""}}, "[limits]\nping_interval_seconds = 1\n");
  const auto pid = service(settled(), "alpha").pid;
  ::kill(static_cast<pid_t>(*pid), SIGSTOP);
  EXPECT_TRUE(ends(*pid));
  const auto stack = stack_when([&](const api::Stack& now) {
    return service(now, "alpha").state == ServiceState::kRunning &&
           service(now, "alpha").pid != pid;
  });
  EXPECT_THAT(service(stack, "alpha").last_error.value_or(""), HasSubstr("did not answer"));
}

TEST_F(SupervisorTest, a_service_that_ignores_sigterm_is_killed_at_the_limit) {
  write_stack({{"alpha", ""}}, "[limits]\nstop_seconds = 1\n");
  const auto stack = settled();
  ::kill(static_cast<pid_t>(*service(stack, "alpha").pid), SIGSTOP);
  EXPECT_TRUE(client_->down());
  EXPECT_TRUE(ends(*service(stack, "alpha").pid));
}

TEST_F(SupervisorTest, many_at_once_make_one_stack) {
  write_stack({{"alpha", ""}});
  std::vector<std::optional<std::uint32_t>> pids(8);
  {
    std::vector<std::jthread> threads;
    for (auto& pid : pids) {
      threads.emplace_back([&] {
        StackClient client(paths_);
        client.ensure_running();
        pid = client.call(api::StackStatus{.wait_ms = 20000, .measure = false}).pid;
      });
    }
  }
  for (const auto& pid : pids) EXPECT_EQ(pid, pids[0]);
  EXPECT_THAT(events(), ElementsAre("start alpha"));
}

TEST_F(SupervisorTest, a_stack_with_all_processes_killed_is_started_afresh) {
  write_stack({{"alpha", ""}});
  const auto before = settled();
  kill_and_wait(*before.pid);
  kill_and_wait(*service(before, "alpha").pid);
  const auto after = settled();
  EXPECT_EQ(service(after, "alpha").state, ServiceState::kRunning);
}

TEST_F(SupervisorTest, another_runtime_directory_is_told_which_one_to_use) {
  write_stack({{"alpha", ""}});
  settled();
  Paths elsewhere = paths_;
  elsewhere.runtime_dir = directory_.path() / "other";
  StackClient client(elsewhere);
  EXPECT_THAT(failure_of([&] { client.ensure_running(); }),
              AllOf(HasSubstr("already runs for state directory"),
                    HasSubstr("set PYRO_RUNTIME_DIR=" + paths_.runtime_dir.string())));
}

TEST_F(SupervisorTest, a_broken_stack_file_is_told_to_the_caller) {
  write_file_atomically(directory_.path() / "stack.toml", "[restart]\nnonsense = 1\n");
  EXPECT_THAT(failure_of([&] { client_->ensure_running(); }),
              AllOf(HasSubstr("stack.toml"), HasSubstr("nonsense")));
}

TEST_F(SupervisorTest, an_unused_stack_ends_and_one_that_holds_something_stays) {
  write_stack({{"alpha", ""}});
  tell("alpha.holds");
  client_ =
      std::make_unique<StackClient>(paths_, std::vector<std::string>{"stack.idle_exit_seconds=1"});
  const auto stack = settled();
  EXPECT_FALSE(ends(*stack.pid, std::chrono::milliseconds(2500)));
  std::filesystem::remove(paths_.state_dir / "alpha.holds");
  EXPECT_TRUE(ends(*stack.pid));
  EXPECT_THAT(events(), ElementsAre("start alpha", "quiesce alpha", "stop alpha"));
  // A door that lives on starts it again.
  EXPECT_EQ(service(settled(), "alpha").state, ServiceState::kRunning);
}

TEST_F(SupervisorTest, a_stack_whose_service_is_slow_to_come_is_no_unused_one) {
  write_stack({{"alpha", ""}});
  const auto gate = paths_.state_dir / "alpha.gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  client_ =
      std::make_unique<StackClient>(paths_, std::vector<std::string>{"stack.idle_exit_seconds=1"});
  client_->ensure_running();
  const auto pid = client_->status()->pid.value();
  EXPECT_FALSE(ends(pid, std::chrono::milliseconds(2500)));
  open_file(gate, O_WRONLY);
  EXPECT_TRUE(ends(pid));
  EXPECT_THAT(events(), ElementsAre("start alpha", "quiesce alpha", "stop alpha"));
}

TEST_F(SupervisorTest, status_tells_how_much_memory_each_process_has) {
  write_stack({{"alpha", ""}});
  settled();
  const auto stack = client_->call(api::StackStatus{.wait_ms = 0, .measure = true});
  EXPECT_GT(stack.pss_bytes.value_or(0), 0U);
  EXPECT_GT(service(stack, "alpha").pss_bytes.value_or(0), 0U);
}

}  // namespace
}  // namespace pyro::test
