#include "services/vm/boot/accelerator_chooser.h"

#include <fcntl.h>

#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/log/log.h"
#include "services/vm/boot/host_facts.h"

namespace pyro::vm {
namespace {

/// The longest that a caller pays for a probe where KVM has never worked.
constexpr std::chrono::seconds kShortLimit{3};

AcceleratorVerdict verdict_of(const KvmProbe& probe) {
  return {probe.works ? Accelerator::kKvm : Accelerator::kTcg, probe.reason, probe};
}

}  // namespace

AcceleratorChooser::AcceleratorChooser(Registry& registry, Options options)
    : table_(registry, "accelerators"), options_(std::move(options)) {}

std::optional<std::string> AcceleratorChooser::obstacle() const {
  try {
    open_file(options_.device, O_RDWR);
    return std::nullopt;
  } catch (const Error& error) {
    return error.message();
  }
}

std::optional<AcceleratorVerdict> AcceleratorChooser::known() const {
  if (options_.configured == AcceleratorChoice::kTcg) {
    return AcceleratorVerdict{Accelerator::kTcg, "vm.accelerator is tcg"};
  }
  if (options_.configured == AcceleratorChoice::kKvm) {
    return AcceleratorVerdict{Accelerator::kKvm, "vm.accelerator is kvm"};
  }
  if (const auto why = obstacle()) return AcceleratorVerdict{Accelerator::kTcg, *why};
  const auto probe = table_.find_readable("kvm");
  if (!probe || probe->host_boot_id != host_boot_id() ||
      probe->host_kernel != host_kernel_release() || probe->vmm_version != options_.vmm_version) {
    return std::nullopt;
  }
  return verdict_of(*probe);
}

KvmProbe AcceleratorChooser::run_probe(const BootProbe& probe, std::chrono::seconds limit,
                                       const std::stop_token& stop) {
  const auto last = table_.find_readable("kvm");
  KvmProbe result{.host_boot_id = host_boot_id(),
                  .host_kernel = host_kernel_release(),
                  .vmm_version = options_.vmm_version,
                  .works = true,
                  .limit_seconds = static_cast<std::uint32_t>(limit.count()),
                  .reason = "a guest booted with KVM and answered",
                  .worked_once = true};
  try {
    probe(limit, stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    result.works = false;
    result.reason = fmt::format("'{}' opens, but a guest booted with it did not answer: {}",
                                options_.device.string(), error.message());
    result.worked_once = last && (last->works || last->worked_once);
  }
  result.probed_at = now_epoch_seconds();
  table_.put("kvm", result);
  log::info("KVM probe: {}", result.reason);
  return result;
}

void AcceleratorChooser::probe_in_background(const BootProbe& probe) {
  if (background_.joinable()) return;
  background_ = std::jthread([this, probe](const std::stop_token& stop) {
    try {
      run_probe(probe, options_.long_limit, stop);
    } catch (const std::exception& error) {
      log::info("the KVM probe in the background ended: {}", error.what());
    }
  });
}

AcceleratorVerdict AcceleratorChooser::choose(const BootProbe& probe, const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  auto verdict = known();
  if (!verdict) {
    const auto last = table_.find_readable("kvm");
    const bool worked = last && (last->works || last->worked_once);
    verdict = verdict_of(run_probe(probe, worked ? options_.long_limit : kShortLimit, stop));
  }
  if (verdict->kvm_failed()) probe_in_background(probe);
  return *verdict;
}

AcceleratorVerdict AcceleratorChooser::reprobe(const BootProbe& probe,
                                               const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  const auto verdict = known();
  if (verdict && !verdict->kvm_failed()) return *verdict;
  return verdict_of(run_probe(probe, options_.long_limit, stop));
}

}  // namespace pyro::vm

PYRO_TABLE(pyro::vm::KvmProbe)
