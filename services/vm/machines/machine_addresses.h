#pragma once

#include "common/network/gate_protocol.h"
#include "services/vm/boot/guest_network.h"
#include "services/vm/machine_record.h"

namespace pyro::vm {

/// What callers see of a started machine's network.
inline void describe_addresses(MachineRecord& record) {
  api::Machine& machine = record.machine;
  machine.network_enabled = record.network.has_network();
  machine.guest_ip.reset();
  machine.tap_name.reset();
  if (!machine.network_enabled || machine.state != api::MachineState::kStarted) return;
  machine.guest_ip = network::GuestNetwork::kAddress;
  machine.tap_name = kTapName;
}

}  // namespace pyro::vm
