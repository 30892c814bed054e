#include "services/vm/shim/machine_network.h"

#include <fmt/core.h>
#include <poll.h>

#include <utility>

#include "common/base/error.h"
#include "common/fault/fault.h"

namespace pyro::vm {

using qemu::Qmp;

void MachineNetwork::prepare(const control::PrepareNetwork& wanted, const Work& work) {
  const network::Policy policy = network::canonical(wanted.policy);
  if (policy.kind == api::NetworkPolicy::kOff) return prepared_.reset();
  try {
    if (prepared_) {
      prepared_->order(policy);
    } else {
      prepared_.emplace(policy, wanted.directory, wanted.package_cache);
    }
    if (wanted.wait) prepared_->wait_until_applied(work);
  } catch (const Error& error) {
    // `set` tries again, and its caller hears why.
    prepared_.reset();
    fmt::print(stderr, "shim: no gate was started beforehand: {}\n", error.message());
  }
}

control::Network MachineNetwork::set(const control::SetNetwork& wanted, const Work& work) {
  const network::Policy policy = network::canonical(wanted.policy);
  if (policy.kind == api::NetworkPolicy::kOff) {
    policy_ = policy;
    take_away(work);
    return describe();
  }
  if (gate_at_work()) {
    gate_->order(policy);
    gate_->wait_until_applied(work);
    policy_ = policy;
    return describe();
  }
  policy_ = policy;
  directory_ = wanted.directory;
  package_cache_ = wanted.package_cache;
  try {
    start_gate(work);
  } catch (...) {
    policy_ = {};
    throw;
  }
  return describe();
}

control::Network MachineNetwork::describe() const {
  control::Network told{.digest = network::digest_of(policy_),
                        .attached = gate_at_work(),
                        .reason = reason_,
                        .message = message_};
  if (gate_) {
    told.ipv6 = gate_->report().ipv6;
    told.connect_answer = gate_->report().connect_answer;
  }
  return told;
}

bool MachineNetwork::gate_at_work() const {
  if (!gate_) return false;
  pollfd ended{.fd = gate_->pidfd(), .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, 0) == 0;
}

bool MachineNetwork::gate_ended(const Work& work) {
  if (policy_.kind == api::NetworkPolicy::kOff || gate_at_work()) return true;
  try {
    start_gate(work);
    fmt::print(stderr, "shim: the gate had ended, and there is a new one\n");
    return true;
  } catch (const std::exception& error) {
    const auto* refusal = dynamic_cast<const Error*>(&error);
    reason_ = refusal != nullptr ? refusal->reason() : "";
    message_ = error.what();
    fmt::print(stderr, "shim: the machine has no network: {}\n", message_);
    return false;
  }
}

void MachineNetwork::take_away(const Work& work) {
  prepared_.reset();
  // First the gate: whatever the VMM then answers, nothing leaves.
  gate_.reset();
  if (may_be_attached_) {
    monitor_.set_carrier(Qmp::Carrier::kOff, work);
    monitor_.detach_tap(work);
    may_be_attached_ = false;
  }
  reason_.clear();
  message_.clear();
}

/// One that does not do as it should is replaced: if the reason lasts, the next one tells it.
std::optional<Gate> MachineNetwork::take_prepared(const Work& work) {
  std::optional<Gate> gate = std::exchange(prepared_, std::nullopt);
  if (!gate || gate->policy() != policy_) return std::nullopt;
  try {
    gate->wait_until_applied(work);
    return gate;
  } catch (const Error& error) {
    fmt::print(stderr, "shim: a gate started beforehand is of no use: {}\n", error.message());
    return std::nullopt;
  }
}

void MachineNetwork::start_gate(const Work& work) {
  std::optional<Gate> next = take_prepared(work);
  take_away(work);
  if (!next) {
    next.emplace(policy_, directory_, package_cache_);
    next->wait_until_applied(work);
  }
  gate_ = std::move(next);
  fault::point("shim.network.gate_ready");
  may_be_attached_ = true;
  try {
    monitor_.attach_tap(gate_->take_tap().get(), work);
    fault::point("shim.network.attached");
    monitor_.set_carrier(Qmp::Carrier::kOn, work);
  } catch (...) {
    gate_.reset();
    throw;
  }
  watch_(gate_->pidfd());
}

}  // namespace pyro::vm
