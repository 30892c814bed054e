#pragma once

#include <chrono>
#include <filesystem>
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
  double probed_at = 0;
  bool worked_once = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("host_boot_id", &KvmProbe::host_boot_id, "Boot of the host it was made in.");
    f("host_kernel", &KvmProbe::host_kernel, "Kernel of the host.");
    f("vmm_version", &KvmProbe::vmm_version, "Version of the VMM.");
    f("works", &KvmProbe::works, "Whether a guest booted and answered.");
    f("limit_seconds", &KvmProbe::limit_seconds, "How long the guest was given.");
    f("reason", &KvmProbe::reason, "The observation behind the verdict.");
    f("probed_at", &KvmProbe::probed_at, "Seconds since the epoch.");
    f("worked_once", &KvmProbe::worked_once,
      "Whether this or an earlier probe on this host had an answer.");
  }
};

/// The accelerator to use, and the reason for doctor.
struct AcceleratorVerdict {
  Accelerator accelerator = Accelerator::kTcg;
  std::string reason;
  std::optional<KvmProbe> probe{};  ///< the one that it rests on

  bool kvm_failed() const { return probe && !probe->works; }
};

/// Decides between KVM and TCG. A /dev/kvm that opens is no proof: on some hosts a stock guest
/// hangs on it. So it boots a guest once per host boot and keeps the answer.
class AcceleratorChooser {
 public:
  /// Boots a guest with KVM; throws if it does not answer in time.
  using BootProbe = std::function<void(std::chrono::seconds limit, const std::stop_token&)>;

  struct Options {
    AcceleratorChoice configured;
    std::string vmm_version;
    std::chrono::seconds long_limit;
    std::filesystem::path device = "/dev/kvm";
  };
  AcceleratorChooser(Registry& registry, Options options);

  /// Whether this process may use /dev/kvm; that says nothing of a guest.
  bool kvm_opens() const { return !obstacle(); }

  /// The answer without a boot; nullopt: a probe is due.
  std::optional<AcceleratorVerdict> known() const;

  /// The verdict, after at most one probe: a short one (3 s), or one of the long limit where a
  /// guest has booted with KVM before. Probes a negative one, also that of an earlier process,
  /// again in the background, once per process, with the long limit.
  AcceleratorVerdict choose(const BootProbe& probe, const std::stop_token& stop);

  /// Probes a missing or negative verdict with the long limit.
  AcceleratorVerdict reprobe(const BootProbe& probe, const std::stop_token& stop);

 private:
  /// Why /dev/kvm cannot even be opened, or nullopt when it can.
  std::optional<std::string> obstacle() const;
  void probe_in_background(const BootProbe& probe);
  KvmProbe run_probe(const BootProbe& probe, std::chrono::seconds limit,
                     const std::stop_token& stop);

  mutable std::mutex mutex_;
  RecordTable<KvmProbe> table_;
  Options options_;
  std::jthread background_;
};

}  // namespace pyro::vm
