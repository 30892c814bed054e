#include <signal.h>

#include <algorithm>
#include <string_view>
#include <thread>

#include "tests/guest/guest_fixture.h"

namespace pyro::test {

using testing::HasSubstr;

/// Who is killed, and whether a run can still come to its result without it.
struct Victim {
  const char* program;
  bool run_survives;
};

constexpr Victim kVictims[] = {{"pyro-vm", false},
                               {"pyro-vm-shim", false},
                               {"qemu-system-x86_64", false},
                               {"pyro-image", true},
                               {"pyro-supervisor", true}};

class KilledDuringARun : public GuestFixture, public testing::WithParamInterface<Victim> {
 protected:
  /// A boot is long enough to be met; a restore is met somewhere, each time elsewhere.
  void expect_sense_when_killed_while_starting(const char* boot) {
    const auto run_words = pyro_words({"run", kEnvironment, "--", "echo", "finished"});
    std::vector<std::string> words = {"env", std::string("PYRO_BOOT=") + boot};
    words.insert(words.end(), run_words.begin(), run_words.end());
    client_->call(api::ReapExpired{});  // the stack is up: the victim is there when QEMU is
    RunningCommand run(words);
    const Deadline deadline = Clock::now() + std::chrono::minutes(1);
    while (processes("qemu-system-x86_64").empty() && Clock::now() < deadline) {
      std::this_thread::yield();
    }
    kill_victim();
    expect_error_or_result(run);
    expect_next_run_works_and_nothing_is_left();
  }

  void kill_victim() {
    const pid_t victim = process_of(GetParam().program);
    ASSERT_NE(victim, 0);
    ::kill(victim, SIGKILL);
  }

  /// The run ended with one clear error, or with its result.
  void expect_error_or_result(RunningCommand& run) {
    const auto status = run.finish();
    ASSERT_TRUE(status.has_value()) << "the run hangs: " << run.output();
    if (*status == 0) {
      EXPECT_THAT(run.output(), HasSubstr("finished"));
    } else {
      EXPECT_EQ(*status, 1) << run.output();
      EXPECT_THAT(run.output(), HasSubstr("error: "));
      EXPECT_FALSE(GetParam().run_survives) << run.output();
    }
  }

  void expect_next_run_works_and_nothing_is_left() {
    const auto next = run_script("echo again");
    EXPECT_EQ(next.output, "again\n") << next.error_output;
    expect_no_machine_left();
  }
};

TEST_P(KilledDuringARun, while_the_guest_boots) { expect_sense_when_killed_while_starting("cold"); }

TEST_P(KilledDuringARun, while_the_guest_is_restored) {
  expect_sense_when_killed_while_starting("auto");
}

TEST_P(KilledDuringARun, while_the_command_runs) {
  RunningCommand run(
      pyro_words({"run", kEnvironment, "--", "sh", "-c", "echo begun; sleep 2; echo finished"}));
  ASSERT_TRUE(run.wait_for_text("begun")) << run.output();
  kill_victim();
  expect_error_or_result(run);
  expect_next_run_works_and_nothing_is_left();
}

TEST_P(KilledDuringARun, beside_a_machine_that_waits) {
  const std::string id = started_machine().vm_id;
  kill_victim();
  const auto next = run_script("echo again");
  EXPECT_EQ(next.output, "again\n") << next.error_output;
  // A machine of a service that was killed goes on; one whose own process was killed is stopped.
  const auto machine = client_->call(api::MachineStatus{.vm_id = id});
  const bool own_process =
      !GetParam().run_survives && std::string_view(GetParam().program) != "pyro-vm";
  if (own_process) {
    EXPECT_EQ(machine.state, api::MachineState::kStopped);
    EXPECT_EQ(machine.last_error, "backing guest process is no longer running");
  } else {
    EXPECT_EQ(machine.state, api::MachineState::kStarted);
    const auto result = client_->call(api::ExecMachine{.vm_id = id, .command = "echo alive"});
    EXPECT_EQ(result.stdout_text, "alive\n");
  }
}

std::string victim_name(const testing::TestParamInfo<Victim>& info) {
  std::string name = info.param.program;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Victims, KilledDuringARun, testing::ValuesIn(kVictims), victim_name);

class CallerThatEnds : public GuestFixture {
 protected:
  std::optional<int> end_caller(int signal_number) {
    RunningCommand run(pyro_words({"run", kEnvironment, "--timeout-seconds", "900", "--", "sh",
                                   "-c", "echo begun; sleep 800"}));
    EXPECT_TRUE(run.wait_for_text("begun")) << run.output();
    run.signal(signal_number);
    return run.finish();
  }
};

TEST_F(CallerThatEnds, by_sigterm_leaves_no_machine) {
  EXPECT_EQ(end_caller(SIGTERM), 128 + SIGTERM);
  expect_no_machine_left();
}

TEST_F(CallerThatEnds, by_sigint_leaves_no_machine) {
  EXPECT_EQ(end_caller(SIGINT), 128 + SIGINT);
  expect_no_machine_left();
}

TEST_F(CallerThatEnds, by_sigkill_is_missed_and_its_machine_collected) {
  EXPECT_EQ(end_caller(SIGKILL), 128 + SIGKILL);
  expect_no_machine_left();
}

}  // namespace pyro::test
