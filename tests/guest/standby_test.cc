#include <signal.h>

#include <set>

#include "common/api/machine.h"
#include "common/base/text.h"
#include "common/process/pidfd.h"
#include "common/process/wait.h"
#include "tests/guest/warm_fixture.h"

namespace pyro::test {

using ::testing::HasSubstr;

class Standby : public WarmFixture {
 protected:
  explicit Standby(Variables variables = {}) : WarmFixture(with_standby(std::move(variables))) {}

  /// Starts one, so that the service knows what to keep ready.
  void warm_up() {
    remove(started_machine().vm_id);
    ASSERT_TRUE(wait_for_standby(1));
  }

 private:
  static Variables with_standby(Variables variables) {
    variables.merge(Variables{{"PYRO_VM_STANDBY_MACHINES", "1"}, {"PYRO_LIMITS_MAX_ACTIVE", "1"}});
    return variables;
  }
};

TEST_F(Standby, serves_the_next_caller_counts_in_no_limit_and_is_replaced) {
  warm_up();
  EXPECT_THAT(pyro({"stack", "status"}).output, HasSubstr("1 machine on standby"));
  // One machine is allowed, and one stands by.
  const auto machine = started_machine();
  EXPECT_EQ(machine.metadata.at("boot_mode"), "warm");
  EXPECT_EQ(machine.metadata.at("warm_from"), "standby");
  EXPECT_TRUE(wait_for_standby(1));
  const auto said = exec(machine.vm_id, "hostname; cat /etc/hostname; ls -A /root | wc -l");
  EXPECT_THAT(said.stdout_text, ::testing::StartsWith(machine.vm_id + "\n" + machine.vm_id + "\n"));
  // What stands by ends with the stack.
  client_->down();
  expect_no_machine_left();
}

TEST_F(Standby, machines_differ_in_all_that_is_drawn_at_random) {
  std::set<std::string> seen;
  for (int sibling = 0; sibling < 3; ++sibling) {
    warm_up();
    const auto machine = started_machine();
    ASSERT_EQ(machine.metadata.at("warm_from"), "standby");
    const auto said = exec(machine.vm_id,
                           "cat /proc/sys/kernel/random/boot_id /etc/machine-id\n"
                           "python3 -c 'import os,uuid; print(os.getrandom(32).hex());"
                           "print(uuid.uuid4())'; echo r$SRANDOM$SRANDOM");
    const auto lines = split(trim(said.stdout_text), '\n');
    ASSERT_EQ(lines.size(), 5U) << said.stdout_text << said.stderr_text;
    for (const auto& line : lines) EXPECT_TRUE(seen.insert(line).second) << "twice: " << line;
  }
}

TEST_F(Standby, knows_the_time_to_fifty_milliseconds_however_long_it_was_paused) {
  warm_up();
  const auto machine = started_machine();
  ASSERT_EQ(machine.metadata.at("warm_from"), "standby");
  EXPECT_THAT(clock_delay(machine.vm_id),
              ::testing::AllOf(::testing::Gt(-0.050), ::testing::Lt(0.050)));
}

TEST_F(Standby, that_died_is_no_ones_loss) {
  warm_up();
  const pid_t vmm = process_of("qemu-system-x86_64");
  ASSERT_NE(vmm, 0);
  ::kill(vmm, SIGKILL);
  ASSERT_TRUE(all_gone("qemu-system-x86_64"));
  const auto machine = started_machine();
  EXPECT_EQ(machine.metadata.at("boot_mode"), "warm");
  EXPECT_EQ(machine.metadata.at("warm_from"), "template");
}

TEST_F(Standby, ends_with_the_service_that_keeps_it) {
  warm_up();
  const pid_t vmm = process_of("qemu-system-x86_64");
  const pid_t service = process_of("pyro-vm");
  ASSERT_NE(service, 0);
  ::kill(service, SIGKILL);
  // The next service finds it and ends it: it belongs to nobody.
  client_->call(api::ReapExpired{});
  const UniqueFd process = open_pidfd(vmm);
  EXPECT_TRUE(!process ||
              wait_for(process.get(), POLLIN, Clock::now() + std::chrono::minutes(1), StopFd({})));
  EXPECT_EQ(standby_machines(), 0U);
  EXPECT_EQ(started_machine().metadata.at("boot_mode"), "warm");
}

class NetworkedStandby : public Standby {
 protected:
  api::Machine started_with_network() {
    const auto made = call(api::CreateMachine{.environment = kEnvironment, .network = true});
    return call(api::StartMachine{.vm_id = made.vm_id});
  }
  /// After a machine with a network; the pid of the gate that waits.
  pid_t warm_up_networked() {
    remove(started_with_network().vm_id);
    EXPECT_TRUE(wait_for_standby(1));
    return process_of("pyro-net-gate");
  }
  bool is_connected(const api::Machine& machine) {
    return call(api::MachineNetworkInfo{.vm_id = machine.vm_id}).outbound_connectivity_expected;
  }
};

TEST_F(NetworkedStandby, has_a_gate_where_the_machine_before_had_a_network) {
  const pid_t gate = warm_up_networked();
  ASSERT_NE(gate, 0);
  const auto machine = started_with_network();
  EXPECT_EQ(machine.metadata.at("warm_from"), "standby");
  EXPECT_TRUE(is_connected(machine));
  EXPECT_THAT(processes("pyro-net-gate"), ::testing::Contains(gate)) << "the one that waited";
}

TEST_F(NetworkedStandby, ends_its_gate_for_a_caller_without_a_network) {
  const UniqueFd gate = open_pidfd(warm_up_networked());
  ASSERT_TRUE(gate);
  const auto machine = started_machine();
  EXPECT_EQ(machine.metadata.at("warm_from"), "standby");
  EXPECT_TRUE(wait_for(gate.get(), POLLIN, Clock::now(), StopFd({}))) << "before the start answers";
  EXPECT_FALSE(is_connected(machine));
  EXPECT_THAT(exec(machine.vm_id,
                   "cat /sys/class/net/eth0/operstate; ip -br address show eth0 "
                   "2>/dev/null | grep -c 10.0.2; cat /etc/resolv.conf")
                  .stdout_text,
              ::testing::Not(HasSubstr("10.0.2")));
}

TEST_F(NetworkedStandby, whose_gate_died_is_connected_all_the_same) {
  ::kill(warm_up_networked(), SIGKILL);
  ASSERT_TRUE(all_gone("pyro-net-gate"));
  const auto machine = started_with_network();
  EXPECT_EQ(machine.metadata.at("warm_from"), "standby");
  EXPECT_TRUE(is_connected(machine));
}

TEST_F(NetworkedStandby, leaves_no_gate_when_the_stack_ends) {
  ASSERT_NE(warm_up_networked(), 0);
  client_->down();
  expect_no_machine_left();
  EXPECT_TRUE(all_gone("pyro-net-gate"));
}

class IdleStandby : public Standby {
 protected:
  IdleStandby() : Standby({{"PYRO_VM_STANDBY_IDLE_SECONDS", "1"}}) {}
};

TEST_F(IdleStandby, goes_away_when_no_machine_is_started_any_more) {
  warm_up();
  EXPECT_TRUE(wait_for_standby(0));
  EXPECT_TRUE(all_gone("qemu-system-x86_64"));
}

TEST_F(Standby, of_another_size_is_not_taken_and_gives_way) {
  warm_up();
  const auto made = call(api::CreateMachine{.environment = kEnvironment, .mem_mib = 512});
  const auto other = call(api::StartMachine{.vm_id = made.vm_id});
  EXPECT_TRUE(other.metadata.find("warm_from") == other.metadata.end() ||
              other.metadata.at("warm_from") == "template");
  const auto said = exec(other.vm_id, "awk '/MemTotal/ {print ($2 < 512 * 1024)}' /proc/meminfo");
  EXPECT_EQ(said.stdout_text, "1\n");
  // The one that stands by now is of the size used last.
  ASSERT_TRUE(wait_for_standby(1));
  const auto next = call(api::CreateMachine{.environment = kEnvironment, .mem_mib = 512});
  EXPECT_EQ(call(api::StartMachine{.vm_id = next.vm_id}).metadata.at("warm_from"), "standby");
}

}  // namespace pyro::test
