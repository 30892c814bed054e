#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/network/policy.h"
#include "services/vm/boot/guest_network.h"
#include "services/vm/machines/machine_addresses.h"
#include "services/vm/machines/machines.h"

namespace pyro::vm {

using network::GuestNetwork;

void Machines::set_network(const std::string& vm_id, const api::NetworkRules& rules,
                           const Work& work) {
  const api::NetworkRules wanted = network::canonical(rules);
  table_.find(vm_id);
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.begin(work.stop);
  const MachineRecord before = table_.find(vm_id);
  if (before.machine.execution_mode == api::ExecutionMode::kHostCompat && wanted.has_network()) {
    throw failed_precondition(
        reason::kNoNetwork, "vm {} runs on the host itself, where no network policy holds", vm_id);
  }
  const bool is_started = before.machine.state == api::MachineState::kStarted;
  if (wanted == before.network && !before.network_pending) return;
  const auto record = [&](const api::NetworkRules& now, bool pending) {
    table_.update(vm_id, [&](MachineRecord& changed) {
      changed.network = now;
      changed.network_pending = pending;
      describe_addresses(changed);
    });
  };
  record(wanted, is_started);
  fault::point("vm.set_network.recorded");
  if (!is_started) return;
  try {
    operation->run([&] {
      set_guest_network(paths_of(vm_id), wanted, options_.network,
                        work.stopped_by(operation->stop()));
    });
  } catch (...) {
    record(before.network, /*pending=*/true);
    restore_network(table_.find(vm_id));
    throw;
  }
  fault::point("vm.set_network.set");
  record(wanted, /*pending=*/false);
}

api::MachineNetwork Machines::network_info(const std::string& vm_id, const Work& work) {
  const api::Machine machine = status(vm_id);
  const MachineRecord record = table_.find(vm_id);
  api::MachineNetwork info{.vm_id = vm_id};
  if (!record.network.has_network()) {
    info.reason = "the machine was created without a network";
    return info;
  }
  info.network_enabled = true;
  info.mac_address = kCardAddress;
  if (machine.state != api::MachineState::kStarted) {
    info.reason = "the machine is not started";
    return info;
  }
  info.tap_name = machine.tap_name;
  info.guest_ip = machine.guest_ip;
  info.gateway_ip = GuestNetwork::kGateway;
  info.subnet_cidr = fmt::format("10.0.2.0/{}", GuestNetwork::kPrefixBits);
  info.dns_servers = {std::string(GuestNetwork::kGateway)};
  const control::Network there = describe_guest_network(paths_of(vm_id), options_.network, work);
  info.outbound_connectivity_expected =
      there.attached && there.digest == network::digest_of(record.network);
  if (!info.outbound_connectivity_expected) {
    info.reason = there.message.empty() ? "its gate is being replaced" : there.message;
  }
  return info;
}

/// A policy is never served under the name of another: the shim or the guest may have one that was
/// being changed when the former service ended.
void Machines::restore_network(const MachineRecord& record) {
  const std::string& vm_id = record.machine.vm_id;
  const MachinePaths paths = paths_of(vm_id);
  if (record.machine.execution_mode == api::ExecutionMode::kHostCompat) return;
  const Work work{.deadline = Clock::now() + options_.network.time};
  try {
    const control::Network there = describe_guest_network(paths, options_.network, work);
    const bool has_it = there.digest == network::digest_of(record.network);
    if (has_it && !record.network_pending) return;
    log::warn("vm {} may not have the network of its record and gets it", vm_id);
    set_guest_network(paths, record.network, options_.network, work);
    table_.update(vm_id, [](MachineRecord& changed) { changed.network_pending = false; });
  } catch (const Error& error) {
    // The shim of an earlier version has no control socket, and its machine no network.
    if (!record.network.has_network() && error.code() == ErrorCode::kUnavailable) return;
    log::error("vm {}: its network may not be the one of its record: {}", vm_id, error.message());
  }
}

}  // namespace pyro::vm
