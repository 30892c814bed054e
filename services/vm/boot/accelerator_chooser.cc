#include "services/vm/boot/accelerator_chooser.h"

#include <fcntl.h>

#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/log/log.h"
#include "services/vm/boot/host_facts.h"

namespace pyro::vm {
namespace {

/// The longest that a caller pays for a probe.
constexpr std::chrono::seconds kShortLimit{3};
/// For the background and doctor: a slow or busy host may need it.
constexpr std::chrono::seconds kLongLimit{20};

AcceleratorVerdict verdict_of(const KvmProbe& probe) {
  if (probe.works) return {Accelerator::kKvm, probe.reason};
  return {Accelerator::kTcg, probe.reason};
}

/// Why /dev/kvm cannot even be opened, or nullopt when it can.
std::optional<std::string> kvm_obstacle() {
  try {
    open_file("/dev/kvm", O_RDWR);
    return std::nullopt;
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace

AcceleratorChooser::AcceleratorChooser(Registry& registry, AcceleratorChoice configured,
                                       std::string vmm_version)
    : table_(registry, "accelerators"),
      configured_(configured),
      vmm_version_(std::move(vmm_version)) {}

bool AcceleratorChooser::kvm_opens() { return !kvm_obstacle(); }

std::optional<AcceleratorVerdict> AcceleratorChooser::known() const {
  if (configured_ == AcceleratorChoice::kTcg) {
    return AcceleratorVerdict{Accelerator::kTcg, "vm.accelerator is tcg"};
  }
  if (configured_ == AcceleratorChoice::kKvm) {
    return AcceleratorVerdict{Accelerator::kKvm, "vm.accelerator is kvm"};
  }
  if (const auto obstacle = kvm_obstacle()) {
    return AcceleratorVerdict{Accelerator::kTcg, *obstacle};
  }
  const auto probe = table_.find_readable("kvm");
  if (!probe || probe->host_boot_id != host_boot_id() ||
      probe->host_kernel != host_kernel_release() || probe->vmm_version != vmm_version_) {
    return std::nullopt;
  }
  return verdict_of(*probe);
}

KvmProbe AcceleratorChooser::run_probe(const BootProbe& probe, std::chrono::seconds limit,
                                       const std::stop_token& stop) {
  KvmProbe result{.host_boot_id = host_boot_id(),
                  .host_kernel = host_kernel_release(),
                  .vmm_version = vmm_version_,
                  .works = true,
                  .limit_seconds = static_cast<std::uint32_t>(limit.count()),
                  .reason = "a guest booted with KVM and answered"};
  try {
    probe(limit, stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    result.works = false;
    result.reason = fmt::format("/dev/kvm opens, but a guest booted with it did not answer: {}",
                                error.message());
  }
  table_.put("kvm", result);
  log::info("KVM probe: {}", result.reason);
  return result;
}

AcceleratorVerdict AcceleratorChooser::choose(const BootProbe& probe, const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  if (auto verdict = known()) return *verdict;
  const KvmProbe result = run_probe(probe, kShortLimit, stop);
  if (!result.works && !background_.joinable()) {
    background_ = std::jthread([this, probe](const std::stop_token& own_stop) {
      try {
        run_probe(probe, kLongLimit, own_stop);
      } catch (const Error& error) {
        log::info("the second KVM probe ended: {}", error.message());
      }
    });
  }
  return verdict_of(result);
}

AcceleratorVerdict AcceleratorChooser::reprobe(const BootProbe& probe,
                                               const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  const auto verdict = known();
  const bool certain = configured_ != AcceleratorChoice::kAuto || kvm_obstacle().has_value();
  if (verdict && (certain || verdict->accelerator == Accelerator::kKvm)) return *verdict;
  return verdict_of(run_probe(probe, kLongLimit, stop));
}

}  // namespace pyro::vm

PYRO_TABLE(pyro::vm::KvmProbe)
