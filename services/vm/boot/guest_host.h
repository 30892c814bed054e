#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/base/error.h"
#include "common/config/config.h"
#include "common/network/gate_protocol.h"
#include "common/ownership/owned_directories.h"
#include "common/registry/registry.h"
#include "services/vm/boot/accelerator_chooser.h"
#include "services/vm/drivers/driver.h"
#include "services/vm/drivers/qemu/qemu_driver.h"
#include "services/vm/machine_record.h"

namespace pyro::vm {

/// This host's means to run machines: finds the VMM, probes accelerators, provides drivers.
class GuestHost {
 public:
  struct Options {
    Paths paths;
    VmConfig config;
    std::filesystem::path agent;
    std::filesystem::path shim_program;
    OwnedDirectories machines;
  };
  GuestHost(Registry& registry, Options options);

  /// Why no guest can boot here; nullopt if one can.
  std::optional<std::string> obstacle() const;

  /// The refusal of a machine without a bootable guest, whose caller did not opt into running on
  /// the host. `what` is unavailable: `guest boot`, or `guest command execution` if a guest boots
  /// but its agent does not answer.
  static Error host_mode_disabled(std::string_view what, std::string_view reason);

  /// Refuses a machine with a network where none can be had, with the way out. Tried at its first
  /// use, and again after a failure.
  void require_network();
  network::GateReport network_trial(bool retry = false);

  /// Refuses if no guest can boot and the caller did not opt into running on the host.
  /// True: a guest. False: host compatibility mode.
  bool require_guest_or_consent(bool allow_host_compat) const;

  /// The driver for one start of this machine. The first may cost a short KVM probe.
  std::unique_ptr<Driver> driver_for(const MachineRecord& record, const std::stop_token& stop);
  /// The driver of host compatibility mode.
  std::unique_ptr<Driver> host_driver() const;

  /// How VMMs are shut in here. Tried at its first use, and again if `retry`.
  ConfinementTrial confinement(bool retry = false);

  /// Fills in all but the counts. Makes a due probe if `boot` is known.
  api::HostCapabilities describe(const std::optional<api::BootFiles>& boot, bool reprobe,
                                 const std::stop_token& stop);

 private:
  AcceleratorChooser::BootProbe probe_with(const api::BootFiles& boot);
  qemu::QemuDriver::Options driver_options(const AcceleratorVerdict& verdict);

  Options options_;
  std::optional<std::filesystem::path> vmm_;
  std::string vmm_version_;
  AcceleratorChooser accelerators_;
  std::mutex confinement_mutex_;
  std::optional<ConfinementTrial> confinement_;
  std::mutex network_mutex_;
  std::optional<network::GateReport> network_;
};

}  // namespace pyro::vm
