#include "services/vm/machines/guest_starter.h"

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/log/log.h"
#include "services/vm/boot/guest_network.h"

namespace pyro::vm {
namespace {

/// Whether the guest is what failed, and not the time or the host of its caller.
bool guest_failed(const Error& error, const Work& work) {
  return error.code() == ErrorCode::kUnavailable ||
         (error.code() == ErrorCode::kDeadlineExceeded && Clock::now() < work.deadline);
}

}  // namespace

struct GuestStarter::Attempt {
  const MachineRecord& record;
  const MachinePaths& paths;
  const Work& work;

  const std::string& vm_id() const { return record.machine.vm_id; }
  void report(const char* phase) const { work.report(phase, record.machine.environment); }
};

bool GuestStarter::warm_allowed(const MachineRecord& record) const {
  return options_.boot == api::BootPolicy::kAuto && record.boot_policy == api::BootPolicy::kAuto;
}

struct GuestStarter::FailedRestore {
  TemplateManifest manifest;
  Clock::time_point begun;
};

RunningGuest GuestStarter::start(const MachineRecord& record, const MachinePaths& paths,
                                 const Work& work) {
  const Attempt attempt{record, paths, work};
  try {
    return start_guest(*host_.driver_for(record, work.stop), attempt);
  } catch (const Error& error) {
    if (!guest_failed(error, work)) throw;
    // The guest's processes are gone; its caller decided beforehand what else may be done.
    // A stopped machine's data is on its disks: the host would begin with nothing.
    const bool has_disks = record.machine.state == api::MachineState::kStopped;
    if (!record.machine.allow_host_compat || has_disks) {
      throw GuestHost::host_mode_disabled("guest command execution", error.message());
    }
    log::warn("vm {} falls back to host compatibility mode: {}", attempt.vm_id(), error.message());
    return boot(*host_.host_driver(), attempt);
  }
}

RunningGuest GuestStarter::start_guest(Driver& driver, const Attempt& attempt) {
  std::optional<FailedRestore> late;
  // A stopped machine has disks of its own, which fit no template's memory.
  if (attempt.record.machine.state == api::MachineState::kCreated && warm_allowed(attempt.record)) {
    if (auto warm = start_warm(driver, attempt, late)) return std::move(*warm);
  }
  const auto begun = Clock::now();
  RunningGuest guest = boot(driver, attempt);
  // A host that boots a guest in the time was not too busy to restore one.
  if (late && Clock::now() - begun < options_.limits.restore.time) {
    templates_.report_failure(late->manifest, late->begun);
  }
  return guest;
}

std::optional<RunningGuest> GuestStarter::start_warm(Driver& driver, const Attempt& attempt,
                                                     std::optional<FailedRestore>& late) {
  const auto shape = driver.shape_of(attempt.record.machine, attempt.record.boot);
  if (!shape) return std::nullopt;
  if (auto guest = take_standby(shape->key(), attempt)) return guest;
  std::optional<FailedRestore> failed;
  try {
    const auto from = templates_.find(*shape);
    if (!from) return std::nullopt;
    failed = FailedRestore{.manifest = from->manifest, .begun = Clock::now()};
    RunningGuest guest = restore(driver, *from, attempt);
    templates_.report_success(*shape);
    return guest;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    log::warn("vm {} boots cold, since it could not be restored: {}", attempt.vm_id(),
              error.message());
    // A full disk is not the template's fault; the end of the time may be.
    if (error.code() == ErrorCode::kDeadlineExceeded) late = std::move(failed);
    if (error.code() != ErrorCode::kUnavailable) return std::nullopt;
  } catch (const std::filesystem::filesystem_error& error) {
    log::warn("vm {} boots cold: {}", attempt.vm_id(), error.what());
    return std::nullopt;
  }
  if (failed) templates_.report_failure(failed->manifest, failed->begun);
  return std::nullopt;
}

std::optional<RunningGuest> GuestStarter::take_standby(const std::string& key,
                                                       const Attempt& attempt) {
  try {
    auto guest = standbys_.take(key, attempt.vm_id(), attempt.work);
    if (!guest) return std::nullopt;
    Cleanup end_again([&guest] { guest->shim.end(); });
    prepare_guest_network(attempt.paths, attempt.record.network, attempt.work);
    personalize_guest(attempt.paths, attempt.vm_id(), options_.limits.personalize, attempt.work);
    end_again.dismiss();
    guest->launch.metadata[std::string(kWarmFrom)] = "standby";
    return guest;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    log::warn("vm {}: a standby machine was of no use: {}", attempt.vm_id(), error.message());
    return std::nullopt;
  } catch (const std::filesystem::filesystem_error& error) {
    log::warn("vm {}: a standby machine was of no use: {}", attempt.vm_id(), error.what());
    return std::nullopt;
  }
}

RunningGuest GuestStarter::restore(Driver& driver, const Template& from,
                                   const Attempt& attempt) const {
  attempt.report("restore");
  options_.machines.make(attempt.vm_id());
  Launch launch = driver.prepare_restore(attempt.record.machine, attempt.record.boot, attempt.paths,
                                         from.files());
  launch.metadata[std::string(kWarmFrom)] = "template";
  return run(std::move(launch), {.answer = options_.limits.restore, .tries = 1}, attempt);
}

RunningGuest GuestStarter::boot(Driver& driver, const Attempt& attempt) const {
  attempt.report("boot");
  options_.machines.make(attempt.vm_id());
  return run(driver.prepare(attempt.record.machine, attempt.record.boot, attempt.paths),
             {.answer = options_.limits.boot}, attempt);
}

RunningGuest GuestStarter::run(Launch launch, const BootLimits& limits,
                               const Attempt& attempt) const {
  launch.network = attempt.record.network;
  ShimProcess shim = boot_guest(options_.shim_program, launch, attempt.paths, limits, attempt.work);
  Cleanup end_again([&shim] { shim.end(); });
  personalize_guest(attempt.paths, attempt.vm_id(), options_.limits.personalize, attempt.work);
  end_again.dismiss();
  return {.launch = std::move(launch), .shim = std::move(shim)};
}

}  // namespace pyro::vm
