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
#include "common/ownership/owned_directories.h"
#include "common/registry/registry.h"
#include "services/vm/boot/accelerator_chooser.h"
#include "services/vm/drivers/driver.h"
#include "services/vm/machine_record.h"

namespace pyro::vm {

/// The means of this host to run machines: finds the VMM, probes accelerators, gives out drivers.
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

  /// Why no guest can be booted here, or nullopt when one can.
  std::optional<std::string> obstacle() const;

  /// The refusal of a machine that no guest can be booted for, and whose caller did not opt into
  /// running on the host. `what` is what is unavailable: `guest boot`, or `guest command
  /// execution` where a guest boots but its agent does not answer.
  static Error host_mode_disabled(std::string_view what, std::string_view reason);

  /// Refuses a machine with a network.
  static void refuse_network(bool asked, std::string_view what_to_do);

  /// Refuses when no guest can be booted and the caller did not opt into running on the host.
  /// True: a guest. False: host compatibility mode.
  bool require_guest_or_consent(bool allow_host_compat) const;

  /// The driver for one start of this machine. The first may cost a short KVM probe.
  std::unique_ptr<Driver> driver_for(const MachineRecord& record, const std::stop_token& stop);
  /// Host compatibility mode's.
  std::unique_ptr<Driver> host_driver() const;

  /// Fills in all but the counts. `boot`, when known, allows an owed probe to be made.
  api::HostCapabilities describe(const std::optional<api::BootFiles>& boot, bool reprobe,
                                 const std::stop_token& stop);

 private:
  AcceleratorChooser::BootProbe probe_with(const api::BootFiles& boot) const;

  Options options_;
  std::optional<std::filesystem::path> vmm_;
  std::string vmm_version_;
  AcceleratorChooser accelerators_;
};

}  // namespace pyro::vm
