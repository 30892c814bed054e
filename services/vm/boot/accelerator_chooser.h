#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/config/config.h"
#include "common/registry/registry.h"
#include "services/vm/drivers/accelerator.h"

namespace pyro::vm {

/// The result of booting a guest with KVM once; a row of the table `accelerators`. It holds for one
/// boot of the host, its kernel and one VMM.
struct KvmProbe {
  std::string host_boot_id;
  std::string host_kernel;
  std::string vmm_version;
  bool works = false;
  std::uint32_t limit_seconds = 0;
  std::string reason;

  template <class Fields>
  static void describe(Fields& f) {
    f("host_boot_id", &KvmProbe::host_boot_id, "Boot of the host it was made in.");
    f("host_kernel", &KvmProbe::host_kernel, "Kernel of the host.");
    f("vmm_version", &KvmProbe::vmm_version, "Version of the VMM.");
    f("works", &KvmProbe::works, "Whether a guest booted and answered.");
    f("limit_seconds", &KvmProbe::limit_seconds, "How long the guest was given.");
    f("reason", &KvmProbe::reason, "The observation behind the verdict.");
  }
};

/// The accelerator to use, and the reason for doctor.
struct AcceleratorVerdict {
  Accelerator accelerator = Accelerator::kTcg;
  std::string reason;
};

/// Decides between KVM and TCG. A /dev/kvm that opens is no proof: on some hosts a stock guest
/// hangs on it. So it boots a guest once per host boot and keeps the answer.
class AcceleratorChooser {
 public:
  /// Boots a guest with KVM; throws if it does not answer in time.
  using BootProbe = std::function<void(std::chrono::seconds limit, const std::stop_token&)>;

  AcceleratorChooser(Registry& registry, AcceleratorChoice configured, std::string vmm_version);

  /// Whether this process may use /dev/kvm; that says nothing of a guest.
  static bool kvm_opens();

  /// The answer without a boot; nullopt: a probe is due.
  std::optional<AcceleratorVerdict> known() const;

  /// The verdict, after at most one short probe (3 s). Probes a negative one again in the
  /// background, once per process, with a longer limit.
  AcceleratorVerdict choose(const BootProbe& probe, const std::stop_token& stop);

  /// Probes a missing or negative verdict with the long limit.
  AcceleratorVerdict reprobe(const BootProbe& probe, const std::stop_token& stop);

 private:
  KvmProbe run_probe(const BootProbe& probe, std::chrono::seconds limit,
                     const std::stop_token& stop);

  mutable std::mutex mutex_;
  RecordTable<KvmProbe> table_;
  AcceleratorChoice configured_;
  std::string vmm_version_;
  std::jthread background_;
};

}  // namespace pyro::vm
