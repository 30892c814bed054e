#include "services/vm/boot/guest_host.h"

#include <algorithm>

#include "common/api/environment.h"
#include "common/api/json_codec.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/network.h"
#include "common/base/text.h"
#include "common/config/programs.h"
#include "common/log/log.h"
#include "common/process/child_process.h"
#include "services/vm/boot/guest_boot.h"
#include "services/vm/drivers/host/host_driver.h"

namespace pyro::vm {
namespace {

constexpr std::chrono::seconds kTrialLimit{30};
/// For a machine's metadata; doctor has the whole of it.
constexpr const char* kKvmFailed =
    "/dev/kvm opens, but a guest booted with it did not answer: `pyro doctor` tries it again";

/// A slow or busy host may need it; one that is known as slow gets more.
std::chrono::seconds long_probe(const VmConfig& config) {
  constexpr std::chrono::seconds kLeast{20};
  return std::max(kLeast, std::chrono::seconds(config.boot_timeout_seconds / 3));
}

/// The first line of `--version`, or empty when the program does not even do that.
std::string version_of(const std::optional<std::filesystem::path>& program) {
  if (!program) return "";
  try {
    const std::string said = run_checked({.argv = {program->string(), "--version"}},
                                         Clock::now() + std::chrono::seconds(10), {});
    return printable(trim(split(said, '\n').front()));
  } catch (const Error&) {
    return "";
  }
}

/// What the shim finds, since it is the one to do it.
ConfinementTrial try_confinement(const std::filesystem::path& shim_program) {
  ConfinementTrial trial = api::from_json_text<ConfinementTrial>(
      run_checked({.argv = {shim_program.string(), std::string(kTryConfinementWord)}},
                  Clock::now() + kTrialLimit, {}),
      api::UnknownFields::kRefuse, "the trial of confinement");
  if (trial.form != ConfinementForm::kFull) {
    log::warn("a VMM's confinement is '{}' here: {}", api::name_of(trial.form), trial.reason);
  }
  return trial;
}

network::GateReport try_gate() {
  const std::string program = sibling_program(network::kGateProgram).string();
  try {
    return api::from_json_text<network::GateReport>(
        run_command({.argv = {program, std::string(network::kTryGateWord)}},
                    Clock::now() + kTrialLimit, {})
            .output,
        api::UnknownFields::kRefuse, "the trial of a network");
  } catch (const Error& error) {
    return {.event = network::GateEvent::kFailed,
            .reason = std::string(reason::kGateFailed),
            .message = fmt::format("the trial of a network failed: {}", error.message())};
  }
}

}  // namespace

GuestHost::GuestHost(Registry& registry, Options options)
    : options_(std::move(options)),
      vmm_(find_program(options_.config.qemu)),
      vmm_version_(version_of(vmm_)),
      accelerators_(registry, {.configured = options_.config.accelerator,
                               .vmm_version = vmm_version_,
                               .long_limit = long_probe(options_.config)}) {}

std::optional<std::string> GuestHost::obstacle() const {
  if (!vmm_) {
    return fmt::format("'{}' is not installed (sudo apt-get install qemu-system-x86)",
                       options_.config.qemu);
  }
  if (vmm_version_.empty()) return fmt::format("'{}' does not run", vmm_->string());
  return std::nullopt;
}

Error GuestHost::host_mode_disabled(std::string_view what, std::string_view reason) {
  return failed_precondition(
      reason::kNoGuest,
      "{} is unavailable and host compatibility mode is disabled: {}. Set "
      "allow_host_compat=True (CLI: --allow-host-compat) to opt into host execution.",
      what, reason);
}

void GuestHost::require_network() {
  const network::GateReport trial = network_trial(/*retry=*/true);
  if (trial.event == network::GateEvent::kReady) return;
  throw Error(ErrorCode::kFailedPrecondition, trial.reason, trial.message);
}

network::GateReport GuestHost::network_trial(bool retry) {
  const std::lock_guard lock(network_mutex_);
  if (!network_ || (retry && network_->event != network::GateEvent::kReady)) {
    network_ = try_gate();
  }
  return *network_;
}

bool GuestHost::require_guest_or_consent(bool allow_host_compat) const {
  const auto reason = obstacle();
  if (!reason) return true;
  if (allow_host_compat) return false;
  throw host_mode_disabled("guest boot", *reason);
}

qemu::QemuDriver::Options GuestHost::driver_options(const AcceleratorVerdict& verdict) {
  return {.program = vmm_->string(),
          .version = vmm_version_,
          .agent = options_.agent,
          .cache_dir = options_.paths.cache_dir,
          .accelerator = verdict.accelerator,
          .accelerator_reason = verdict.kvm_failed() ? kKvmFailed : "",
          .confinement = confinement().form};
}

ConfinementTrial GuestHost::confinement(bool retry) {
  if (options_.config.confinement == ConfinementChoice::kOff) {
    return {.form = ConfinementForm::kOff, .reason = "vm.confinement is off"};
  }
  const std::lock_guard lock(confinement_mutex_);
  if (!confinement_ || retry) confinement_ = try_confinement(options_.shim_program);
  return *confinement_;
}

AcceleratorChooser::BootProbe GuestHost::probe_with(const api::BootFiles& boot) {
  return [this, boot](std::chrono::seconds limit, const std::stop_token& stop) {
    const OwnedDirectories::Temporary work(options_.machines, "kvm-probe");
    const MachinePaths paths(options_.paths, work.id());
    const qemu::QemuDriver driver(driver_options({.accelerator = Accelerator::kKvm}));
    Launch launch = driver.prepare_probe(boot);
    boot_guest(options_.shim_program, launch, paths, {.answer = {limit}, .tries = 1},
               {.deadline = Clock::now() + limit, .stop = stop})
        .end();
  };
}

std::unique_ptr<Driver> GuestHost::driver_for(const MachineRecord& record,
                                              const std::stop_token& stop) {
  // Once begun on the host, a machine has a directory and no disks.
  const auto begun = record.machine.metadata.find("boot_mode");
  const bool on_host = begun != record.machine.metadata.end() && begun->second == "compat";
  if (on_host || !require_guest_or_consent(record.machine.allow_host_compat)) {
    return host_driver();
  }
  return std::make_unique<qemu::QemuDriver>(
      driver_options(accelerators_.choose(probe_with(record.boot), stop)));
}

std::unique_ptr<Driver> GuestHost::host_driver() const {
  return std::make_unique<host::HostDriver>(options_.agent);
}

api::HostCapabilities GuestHost::describe(const std::optional<api::BootFiles>& boot, bool reprobe,
                                          const std::stop_token& stop) {
  api::HostCapabilities found;
  found.unavailable_reason = obstacle();
  found.guest_boot_available = !found.unavailable_reason;
  found.kvm_opens = accelerators_.kvm_opens();
  found.host_compat_sandboxed = find_program("bwrap").has_value();
  if (vmm_) found.vmm_path = vmm_->string();
  if (!vmm_version_.empty()) found.vmm_version = vmm_version_;
  if (!found.guest_boot_available) return found;
  const ConfinementTrial trial = confinement(reprobe);
  found.confinement = api::name_of(trial.form);
  found.confinement_reason = trial.reason;
  auto verdict = accelerators_.known();
  if (boot && reprobe) {
    verdict = accelerators_.reprobe(probe_with(*boot), stop);
  } else if (boot && !verdict) {
    verdict = accelerators_.choose(probe_with(*boot), stop);
  }
  found.accelerator = verdict ? to_string(verdict->accelerator) : "unknown";
  const network::GateReport network = network_trial(/*retry=*/reprobe);
  found.network_available = network.event == network::GateEvent::kReady;
  found.network_reason = network.reason;
  found.network_message = network.message;
  found.network_honest = network.connect_answer == network::ConnectAnswer::kHonest;
  found.accelerator_reason =
      verdict ? verdict->reason
              : "/dev/kvm opens; whether a guest boots with it is tried with the first machine";
  if (verdict && verdict->probe) {
    found.kvm_probed_at = verdict->probe->probed_at;
    found.kvm_probe_seconds = verdict->probe->limit_seconds;
  }
  return found;
}

}  // namespace pyro::vm
