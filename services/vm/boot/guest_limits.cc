#include "services/vm/boot/guest_limits.h"

namespace pyro::vm {

Error Limit::explain(const Error& error, const Work& work) const {
  if (error.code() != ErrorCode::kDeadlineExceeded || Clock::now() >= work.deadline) return error;
  return {error.code(), error.reason(),
          setting.empty()
              ? fmt::format("{} ({} s)", error.message(), time.count())
              : fmt::format("{} ({} s: `{}` gives more)", error.message(), time.count(), setting)};
}

GuestLimits::GuestLimits(const VmConfig& config)
    : boot{std::chrono::seconds(config.boot_timeout_seconds), "vm.boot_timeout_seconds"},
      restore{std::chrono::seconds(config.restore_timeout_seconds), "vm.restore_timeout_seconds"},
      personalize{std::chrono::seconds(config.personalize_timeout_seconds),
                  "vm.personalize_timeout_seconds"},
      monitor{std::chrono::seconds(config.monitor_timeout_seconds), "vm.monitor_timeout_seconds"},
      mount{std::chrono::seconds(config.mount_timeout_seconds), "vm.mount_timeout_seconds"},
      rehearsal{std::chrono::seconds(config.rehearsal_timeout_seconds),
                "vm.rehearsal_timeout_seconds"},
      network{std::chrono::seconds(config.network_timeout_seconds), "vm.network_timeout_seconds"},
      save{std::chrono::seconds(config.save_timeout_seconds), "vm.save_timeout_seconds"} {}

}  // namespace pyro::vm
