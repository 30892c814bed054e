#include "common/base/reasons/network.h"

#include <signal.h>

#include "common/base/clock.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/text.h"
#include "common/guest/machine_paths.h"
#include "common/network/connection_log.h"
#include "common/network/policy.h"
#include "common/process/pidfd.h"
#include "services/vm/boot/shim_control.h"
#include "tests/service/vm/vm_service.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;
using api::NetworkPolicy;
using api::NetworkRules;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const NetworkRules kEgress{.kind = NetworkPolicy::kEgress};
const NetworkRules kOneName{.kind = NetworkPolicy::kEgress, .allow = {"example.com"}};

/// The programs of the suite in a directory of their own, with a gate (fake_gate.cc) that reaches
/// nothing.
class VmServiceNetwork : public VmService {
 protected:
  VmServiceNetwork() {
    const fs::path built = fs::read_symlink("/proc/self/exe").parent_path();
    const fs::path programs = stack_ / "programs";
    fs::create_directories(programs);
    for (const char* name : {"pyro-vm", "pyro-vm-shim", "pyro-agent"}) {
      fs::copy_file(built / name, programs / name);
    }
    fs::copy_file(built / "fake_gate", programs / "pyro-net-gate");
    fs::create_directories(gates());
    program_ = (programs / "pyro-vm").string();
    settings_["FAKE_GATE_DIRECTORY"] = gates().string();
    restart();
  }

  fs::path gates() const { return stack_ / "gates"; }
  std::vector<std::string> lines(const char* file) const {
    if (!fs::exists(gates() / file)) return {};
    return split(trim(read_file(gates() / file)), '\n');
  }
  std::vector<std::string> policies() const { return lines("policies"); }
  std::vector<pid_t> gate_pids() const {
    std::vector<pid_t> pids;
    for (const auto& line : lines("pids")) pids.push_back(std::stoi(line));
    return pids;
  }
  static bool ended(pid_t pid) {
    return test::soon([pid] { return ::kill(pid, 0) != 0; });
  }
  /// What the monitor was told of the network, in short: `link down`, `add tap`, …
  std::vector<std::string> orders() const {
    std::vector<std::string> told;
    for (const auto& line : monitored()) {
      const auto says = [&line](const char* word) { return line.find(word) != std::string::npos; };
      if (says("set_link")) told.emplace_back(says("\"up\":true") ? "link up" : "link down");
      if (says("netdev_del")) told.emplace_back(says("uplink") ? "del port" : "del tap");
      if (says("netdev_add")) told.emplace_back(says("hubport") ? "add port" : "add tap");
    }
    return told;
  }
  void forget_orders() const { fs::remove(monitor_directory() / "monitor"); }

  std::string started_with(const NetworkRules& rules) {
    const std::string vm_id =
        create({.environment = "debian:12", .network_rules = rules, .package_cache = false}).vm_id;
    call(api::StartMachine{.vm_id = vm_id});
    return vm_id;
  }
  control::Network network_of(const std::string& vm_id) const {
    return ShimControl(MachinePaths(stack_.paths(), vm_id).control_socket)
        .call(control::DescribeNetwork{}, {.deadline = Clock::now() + std::chrono::seconds(20)});
  }
};

TEST_F(VmServiceNetwork, a_machine_without_a_network_has_no_carrier_and_no_gate) {
  const std::string vm_id = started();
  EXPECT_THAT(orders(), ElementsAre("link down"));
  EXPECT_THAT(gate_pids(), IsEmpty());
  const auto info = call(api::MachineNetworkInfo{.vm_id = vm_id});
  EXPECT_FALSE(info.network_enabled);
  EXPECT_THAT(info.reason.value_or(""), HasSubstr("without a network"));
  EXPECT_EQ(status(vm_id).guest_ip, std::nullopt);
}

TEST_F(VmServiceNetwork, a_vmm_that_keeps_its_carrier_starts_no_machine) {
  refuse("set_link");
  const std::string vm_id = create().vm_id;
  EXPECT_TRUE(error_of([&] { call(api::StartMachine{.vm_id = vm_id}); }).has_value());
  EXPECT_EQ(status(vm_id).state, api::MachineState::kCreated);
}

TEST_F(VmServiceNetwork, a_machine_with_a_network_has_a_gate_with_its_policy_and_then_a_carrier) {
  const std::string vm_id = started_with(kOneName);
  EXPECT_THAT(policies(), ElementsAre(network::text_of(kOneName)));
  EXPECT_THAT(orders(), ElementsAre("link down", "add tap", "add port", "link up"));
  EXPECT_THAT(read_file(monitor_directory() / "descriptors"), HasSubstr("pipe"));
  const auto info = call(api::MachineNetworkInfo{.vm_id = vm_id});
  EXPECT_TRUE(info.outbound_connectivity_expected);
  EXPECT_EQ(info.guest_ip, "10.0.2.15");
  EXPECT_EQ(info.gateway_ip, "10.0.2.1");
  EXPECT_THAT(info.dns_servers, ElementsAre("10.0.2.1"));
  const api::Machine machine = status(vm_id);
  EXPECT_TRUE(machine.network_enabled);
  EXPECT_EQ(machine.guest_ip, "10.0.2.15");
  EXPECT_EQ(machine.tap_name, "tap0");
  call(api::StopMachine{.vm_id = vm_id});
  EXPECT_TRUE(ended(gate_pids().at(0)));
  EXPECT_EQ(status(vm_id).guest_ip, std::nullopt);
  EXPECT_TRUE(status(vm_id).network_enabled);
  call(api::StartMachine{.vm_id = vm_id});
  EXPECT_THAT(policies(), SizeIs(2)) << "the policy is the machine's: a new start has it";
}

TEST_F(VmServiceNetwork, a_host_without_what_a_gate_needs_is_told_with_the_way_out) {
  write_file_atomically(gates() / "untried", "");
  EXPECT_THAT(error_of([&] { create({.environment = "debian:12", .network = true}); }),
              Refused(reason::kNoTun));
  fs::remove(gates() / "untried");
  EXPECT_TRUE(create({.environment = "debian:12", .network = true}).network_enabled);
}

TEST_F(VmServiceNetwork, a_gate_that_does_not_start_starts_no_machine) {
  write_file_atomically(gates() / "refuse", "");
  const std::string vm_id =
      create({.environment = "debian:12", .network_rules = kEgress, .package_cache = false}).vm_id;
  EXPECT_TRUE(error_of([&] { call(api::StartMachine{.vm_id = vm_id}); }).has_value());
  EXPECT_EQ(status(vm_id).state, api::MachineState::kCreated);
}

TEST_F(VmServiceNetwork, a_killed_gate_is_replaced_while_the_guest_has_no_carrier) {
  const std::string vm_id = started_with(kOneName);
  forget_orders();
  ::kill(gate_pids().at(0), SIGKILL);
  EXPECT_TRUE(test::soon([&] { return gate_pids().size() == 2 && network_of(vm_id).attached; }));
  EXPECT_THAT(orders(),
              ElementsAre("link down", "del port", "del tap", "add tap", "add port", "link up"));
  EXPECT_THAT(policies(), ElementsAre(network::text_of(kOneName), network::text_of(kOneName)));
}

TEST_F(VmServiceNetwork, a_gate_that_cannot_be_replaced_is_no_network_until_one_can) {
  const std::string vm_id = started_with(kEgress);
  write_file_atomically(gates() / "refuse", "");
  ::kill(gate_pids().at(0), SIGKILL);
  EXPECT_TRUE(test::soon([&] { return !network_of(vm_id).message.empty(); }));
  EXPECT_EQ(orders().back(), "del tap");
  const auto info = call(api::MachineNetworkInfo{.vm_id = vm_id});
  EXPECT_FALSE(info.outbound_connectivity_expected);
  EXPECT_THAT(info.reason.value_or(""), HasSubstr("/dev/net/tun"));
  fs::remove(gates() / "refuse");
  EXPECT_TRUE(test::soon([&] { return network_of(vm_id).attached; }));
}

TEST_F(VmServiceNetwork, a_gate_ends_with_its_shim_and_with_its_vmm) {
  let_vmm(fmt::format("echo $$ > '{}'\n", (stack_ / "pid").string()) + read_file(stack_ / "vmm"));
  const std::string first = started_with(kEgress);
  const auto shim = find_lock_holder(directory_of(first) / "shim.lock");
  ASSERT_TRUE(shim);
  signal_pidfd(shim->pidfd.get(), SIGKILL);
  EXPECT_TRUE(ended(gate_pids().at(0)));
  started_with(kEgress);
  ::kill(std::stoi(read_file(stack_ / "pid")), SIGKILL);
  EXPECT_TRUE(ended(gate_pids().at(1)));
}

TEST_F(VmServiceNetwork, a_policy_changes_on_a_running_machine_and_off_takes_everything_away) {
  const std::string vm_id = started();
  call(api::SetMachineNetwork{.vm_id = vm_id, .rules = kEgress});
  call(api::SetMachineNetwork{.vm_id = vm_id, .rules = kOneName});
  EXPECT_THAT(policies(), ElementsAre(network::text_of(kEgress), network::text_of(kOneName)));
  EXPECT_THAT(gate_pids(), SizeIs(1)) << "the same gate takes another policy";
  forget_orders();
  EXPECT_FALSE(call(api::SetMachineNetwork{.vm_id = vm_id, .rules = {}}).network_enabled);
  EXPECT_THAT(orders(), ElementsAre("link down", "del port", "del tap"));
  EXPECT_TRUE(ended(gate_pids().at(0)));
}

TEST_F(VmServiceNetwork, a_policy_that_the_gate_refuses_leaves_the_one_before) {
  const std::string vm_id = started_with(kEgress);
  write_file_atomically(gates() / "refuse", "");
  EXPECT_TRUE(error_of([&] {
                call(api::SetMachineNetwork{.vm_id = vm_id, .rules = kOneName});
              }).has_value());
  EXPECT_EQ(network_of(vm_id).digest, network::digest_of(kEgress));
  EXPECT_TRUE(call(api::MachineNetworkInfo{.vm_id = vm_id}).outbound_connectivity_expected);
  EXPECT_THAT(
      error_of([&] {
        call(api::SetMachineNetwork{
            .vm_id = vm_id, .rules = {.kind = NetworkPolicy::kEgress, .allow = {"10.0.0.1"}}});
      }),
      Refused(reason::kAllowEntryRefused));
}

/// Old under a new name would be worse than none.
TEST_F(VmServiceNetwork, a_change_that_a_kill_cut_short_is_completed_at_the_next_start) {
  const std::string vm_id = started_with(kEgress);
  points_.kill_at("vm.set_network.recorded");
  error_of([&] { call(api::SetMachineNetwork{.vm_id = vm_id, .rules = kOneName}); });
  EXPECT_EQ(network_of(vm_id).digest, network::digest_of(kEgress));
  restart();
  EXPECT_EQ(network_of(vm_id).digest, network::digest_of(kOneName));
}

TEST_F(VmServiceNetwork, a_commands_result_says_what_was_denied_meanwhile) {
  const std::string vm_id = started_with(kOneName);
  network::ConnectionLog log(directory_of(vm_id) / "network");
  log.append({.time = now_epoch_seconds() - 100, .name = "before.test"});
  log.append({.time = now_epoch_seconds() + 100, .name = "evil.test", .reason = "not_listed"});
  const auto ran = call(api::ExecMachine{.vm_id = vm_id, .command = "true"});
  ASSERT_THAT(ran.egress_denied, SizeIs(1));
  EXPECT_EQ(ran.egress_denied[0].name, "evil.test");
}

TEST_F(VmServiceNetwork, a_killed_service_ends_no_network) {
  const std::string vm_id = started_with(kOneName);
  restart();
  EXPECT_TRUE(call(api::MachineNetworkInfo{.vm_id = vm_id}).outbound_connectivity_expected);
  EXPECT_THAT(policies(), SizeIs(1)) << "an unchanged policy is not set again";
  EXPECT_THAT(gate_pids(), SizeIs(1));
}

}  // namespace
}  // namespace pyro::vm
