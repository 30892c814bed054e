#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "common/network/policy.h"
#include "common/work/work.h"
#include "services/vm/shim/control.h"
#include "services/vm/shim/gate.h"
#include "services/vm/shim/qmp.h"

namespace pyro::vm {

/// The network of the shim's machine: a gate of its own and a tap from it to the guest's card, or
/// nothing. The guest's card has a carrier only while a gate with its policy is at work. One
/// thread.
class MachineNetwork {
 public:
  /// `watch` gets the pidfd of each new gate; call `gate_ended` once it is readable.
  MachineNetwork(qemu::Qmp& monitor, std::function<void(int pidfd)> watch)
      : monitor_(monitor), watch_(std::move(watch)) {}

  /// Before the guest runs: its card has no carrier.
  void begin(const Work& work) { monitor_.set_carrier(qemu::Qmp::Carrier::kOff, work); }

  /// Starts a gate for `set` with that policy, beside what else is done, or gives the policy to the
  /// one that it started before. Off ends it.
  void prepare(const control::PrepareNetwork& wanted, const Work& work);
  control::Network set(const control::SetNetwork& wanted, const Work& work);
  control::Network describe() const;

  /// Puts a new gate in the place of one that has ended; does nothing if none has. False: no new
  /// one starts now, and the machine has no network.
  bool gate_ended(const Work& work);

 private:
  void take_away(const Work& work);
  std::optional<Gate> take_prepared(const Work& work);
  void start_gate(const Work& work);
  bool gate_at_work() const;

  qemu::Qmp& monitor_;
  std::function<void(int)> watch_;
  network::Policy policy_;
  std::filesystem::path directory_;
  std::filesystem::path package_cache_;
  std::optional<Gate> gate_;
  bool may_be_attached_ = false;  ///< a tap to the card, which may have a carrier
  std::optional<Gate> prepared_;
  std::string reason_;
  std::string message_;
};

}  // namespace pyro::vm
