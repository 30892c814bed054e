#include "services/vm/machines/machines.h"

#include <set>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/disk/free_space.h"
#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/network/denials.h"
#include "services/vm/boot/boot_leases.h"
#include "services/vm/boot/guest_boot.h"
#include "services/vm/boot/guest_network.h"
#include "services/vm/boot/host_facts.h"
#include "services/vm/machines/machine_addresses.h"
#include "services/vm/machines/machine_description.h"
#include "services/vm/shim/power_off.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;
using api::MachineState;

/// From when its socket is gone.
constexpr std::chrono::seconds kShimEndLimit{1};
constexpr std::string_view kGuestGone = "backing guest process is no longer running";

/// Lets the guest flush its disks, which ends its VMM; one that does not is ended all the same.
void power_off(const MachinePaths& paths, const ShimProcess& shim) {
  try {
    if (!fs::exists(paths.link_socket)) shim.serve_again(paths.link_socket);
    power_off_guest(paths.link_socket, shim.pidfd());
  } catch (const Error& error) {
    log::warn("a guest did not power off by itself: {}", error.message());
  }
}

/// As in its metadata: `warm from standby`, `cold`, `compat`.
std::string how_started(const Launch& launch) {
  const auto from = launch.metadata.find(std::string(kWarmFrom));
  return launch.metadata.at("boot_mode") +
         (from == launch.metadata.end() ? "" : " from " + from->second);
}

void set_stopped(MachineRecord& record, std::optional<std::string> last_error) {
  record.machine.state = MachineState::kStopped;
  record.machine.execution_mode = api::ExecutionMode::kPending;
  record.machine.last_error = std::move(last_error);
  record.machine.guest_ip.reset();
  record.machine.tap_name.reset();
}

}  // namespace

Machines::Machines(Registry& registry, Options options, GuestStarter& starter, Warmer& warmer)
    : options_(std::move(options)),
      starter_(starter),
      warmer_(warmer),
      table_(registry, options_.limits.max_active),
      watch_([this](const std::string& vm_id) { guest_ended(vm_id); }) {}

MachineRecord Machines::create(MachineRecord record) {
  const std::uint32_t mem_mib = record.machine.mem_mib;
  if (mem_mib > options_.limits.max_mem_mib) {
    throw resource_exhausted(reason::kMemoryShort,
                             "mem_mib may be at most {} on this host (limits.max_mem_mib), not {}",
                             options_.limits.max_mem_mib, mem_mib);
  }
  // A reset gives back what its new machine takes.
  if (!record.replaces) require_free_disk(options_.paths.state_dir, options_.limits.keep_free_mib);
  std::vector<DirectoryLease> leases = take_boot_leases(record.boot);
  MachineRecord added = table_.add(std::move(record));
  fault::point("vm.create.recorded");
  options_.directories.make(added.machine.vm_id);
  live_.get(added.machine.vm_id)->leases = std::move(leases);
  if (reaper_) reaper_->wake();
  return added;
}

api::Machine Machines::start(const std::string& vm_id, const Work& caller) {
  table_.find(vm_id);
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.begin(caller.stop);
  const Work work = caller.stopped_by(operation->stop());
  const MachineRecord record = table_.find(vm_id);
  if (record.machine.state == MachineState::kStarted) {
    throw failed_precondition(reason::kAlreadyStarted,
                              "vm {} cannot be started from state 'started'", vm_id);
  }
  const MachinePaths paths = paths_of(vm_id);
  if (record.machine.state == MachineState::kStopped && !fs::exists(paths.directory)) {
    throw failed_precondition(reason::kMachineLost, "the files of vm {} are gone: delete it",
                              vm_id);
  }
  // A reset ends the machine whose place it takes.
  if (!record.replaces) {
    require_memory(host_memory(), record.machine.mem_mib, options_.limits.keep_free_memory_mib);
  }
  table_.bring_back(vm_id);
  Cleanup set_aside_again([this, &record] {
    if (record.set_aside) set_aside(record.machine.vm_id);
  });
  auto [launch, shim] = operation->run([&] { return starter_.start(record, paths, work); });
  Cleanup end_again([&shim = shim] { shim.end(); });
  if (record.network.has_network()) {
    if (launch.execution_mode == api::ExecutionMode::kHostCompat) {
      throw failed_precondition(reason::kNoNetwork,
                                "vm {} runs on the host itself, where no network policy holds",
                                vm_id);
    }
    operation->run([&] { set_guest_network(paths, record.network, options_.network, work); });
  }
  fault::point("vm.start.networked");
  if (record.has_volume) operation->run([&] { mount_workspace(paths, options_.mount, work); });
  fault::point("vm.start.answered");
  table_.update(vm_id, [&launch = launch](MachineRecord& changed) {
    changed.machine.state = MachineState::kStarted;
    changed.network_pending = false;
    changed.machine.execution_mode = launch.execution_mode;
    changed.machine.last_error.reset();
    changed.home = launch.home;
    describe_addresses(changed);
    for (const auto key : {kWarmFrom, kAcceleratorReason}) {
      changed.machine.metadata.erase(std::string(key));
    }
    for (const auto& [key, value] : launch.metadata) changed.machine.metadata[key] = value;
  });
  end_again.dismiss();
  set_aside_again.dismiss();
  watch_.add(vm_id, shim.pidfd());
  live->shim = std::move(shim);
  log::info("vm {} was started: {}", vm_id, how_started(launch));
  if (launch.execution_mode != api::ExecutionMode::kHostCompat && starter_.warm_allowed(record)) {
    warmer_.started(record);
  }
  return table_.find(vm_id).machine;
}

ExecOutcome Machines::exec(const api::ExecMachine& request, const OutputSink& output,
                           const Work& work) {
  const std::string& vm_id = request.vm_id;
  table_.find(vm_id);
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.begin(work.stop);
  ExecOutcome outcome{.record = table_.find(vm_id)};
  if (outcome.record.machine.state != MachineState::kStarted) {
    throw failed_precondition(reason::kNotStarted,
                              "vm {} must be in 'started' state before execution", vm_id);
  }
  if (outcome.record.workspace_id) {
    throw failed_precondition(reason::kWorkspaceMachine,
                              "vm {} is not for a single command: it belongs to workspace {}",
                              vm_id, *outcome.record.workspace_id);
  }
  if (request.guests_only &&
      outcome.record.machine.execution_mode == api::ExecutionMode::kHostCompat) {
    throw failed_precondition(
        reason::kHostNotAllowed,
        "vm {} runs on the host itself (host_compat), where this caller may run nothing", vm_id);
  }
  table_.update(vm_id, [](MachineRecord& record) { record.exec_begun = true; });
  Cleanup remove_machine([this, &vm_id, &live] { erase(vm_id, *live, false); });
  const double begun_at = now_epoch_seconds();
  outcome.job = operation->run([&] {
    const std::chrono::seconds timeout(request.timeout_seconds);
    const MachineRecord& record = outcome.record;
    return exec_in_guest(paths_of(vm_id),
                         {request.command, record.home, timeout, record.machine.mem_mib}, output,
                         work.stopped_by(operation->stop()));
  });
  outcome.egress_denied = network::denied_since(paths_of(vm_id).network_directory(), begun_at);
  return outcome;
}

api::Machine Machines::mount_volume(const std::string& vm_id, const fs::path& volume,
                                    const Work& work) {
  table_.find(vm_id);
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.begin(work.stop);
  MachineRecord record = table_.find(vm_id);
  if (record.machine.state != MachineState::kStarted || record.has_volume) {
    throw failed_precondition("vm {} cannot be given a volume now", vm_id);
  }
  const MachinePaths paths = paths_of(vm_id);
  operation->run([&] {
    // Host compatibility mode has a directory instead, which is filled by the files service.
    if (record.machine.execution_mode != api::ExecutionMode::kHostCompat) {
      copy_sparse_into(volume, paths.workspace_disk(), [&operation] {
        if (operation->stop().stop_requested()) throw cancelled("the copy was cancelled");
      });
    }
    mount_workspace(paths, options_.mount, work.stopped_by(operation->stop()));
  });
  fault::point("vm.mount_volume.mounted");
  record.has_volume = true;
  write_description(paths.directory, record);
  fault::point("vm.mount_volume.described");
  table_.update(vm_id, [](MachineRecord& changed) { changed.has_volume = true; });
  return table_.find(vm_id).machine;
}

api::WorkspaceMachines Machines::of_workspaces() const {
  api::WorkspaceMachines found;
  for (const auto& record : table_.all()) {
    if (record.workspace_id) found.machines.push_back({*record.workspace_id, record.machine});
  }
  return found;
}

void Machines::set_aside(const std::string& vm_id) {
  table_.update(vm_id, [](MachineRecord& changed) { changed.set_aside = true; });
}

api::Machine Machines::stop(const std::string& vm_id, AfterStop after) {
  const Registry::Urgent urgent;
  table_.find(vm_id);
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.interrupt(
      failed_precondition(reason::kOvertaken, "vm {} was stopped meanwhile", vm_id));
  const MachineRecord record = table_.find(vm_id);
  if (record.machine.state == MachineState::kStarted) {
    watch_.remove(vm_id);
    if (!live->shim) live->shim = ShimProcess::find(paths_of(vm_id));
    if (live->shim) power_off(paths_of(vm_id), *live->shim);
    fault::point("vm.stop.powered_off");
    end_guest(vm_id, *live);
    fault::point("vm.stop.guest_ended");
    table_.update(vm_id, [](MachineRecord& changed) { set_stopped(changed, std::nullopt); });
  }
  if (after == AfterStop::kSetAside) set_aside(vm_id);
  return table_.find(vm_id).machine;
}

api::Cleanup Machines::remove(const std::string& vm_id, std::string_view reason) {
  if (!table_.is_unreadable(vm_id)) table_.find(vm_id);
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.interrupt(
      failed_precondition(reason::kOvertaken, "vm {} was deleted meanwhile", vm_id));
  // An exec that was cut short has deleted it already; this then finds nothing left to do.
  erase(vm_id, *live, false);
  return {.vm_id = vm_id, .deleted = true, .reason = std::string(reason)};
}

api::Machine Machines::status(const std::string& vm_id) {
  const api::Machine machine = table_.find(vm_id).machine;
  const MachinePaths paths = paths_of(vm_id);
  if (machine.state != MachineState::kStarted || fs::exists(paths.link_socket)) return machine;
  // A shim that ends takes its socket away first: what the watch is about to note is told already.
  // One that goes on has lost it.
  const auto shim = ShimProcess::find(paths);
  if (!shim || !shim->serve_again(paths.link_socket)) guest_ended(vm_id);
  return table_.find(vm_id).machine;
}

api::DiskPaths Machines::disks(const std::string& vm_id) const {
  const MachineRecord record = table_.find(vm_id);
  if (record.machine.state == MachineState::kStarted) {
    throw failed_precondition(reason::kAlreadyStarted, "vm {} is started: stop it first", vm_id);
  }
  if (record.boot.rootfs_path.empty() ||
      record.machine.execution_mode == api::ExecutionMode::kHostCompat) {
    throw failed_precondition(reason::kNoDisk,
                              "vm {} runs in host compatibility mode: it has no disk", vm_id);
  }
  const MachinePaths paths = paths_of(vm_id);
  if (!fs::exists(paths.system_disk()) || !fs::exists(paths.workspace_disk())) {
    throw failed_precondition(reason::kMachineLost, "the disks of vm {} are gone", vm_id);
  }
  return {.environment = record.boot.rootfs_path,
          .system = paths.system_disk().string(),
          .workspace = paths.workspace_disk().string()};
}

api::ReapResult Machines::reap_expired() {
  api::ReapResult result;
  for (const auto& vm_id : table_.expired()) {
    const auto live = live_.get(vm_id);
    const auto operation = live->turns.interrupt(failed_precondition(
        reason::kMachineExpired, "vm '{}' expired and was automatically deleted", vm_id));
    erase(vm_id, *live, true);
    result.deleted_vm_ids.push_back(vm_id);
    log::info("vm {} expired and was deleted", vm_id);
  }
  result.count = static_cast<std::uint32_t>(result.deleted_vm_ids.size());
  return result;
}

void Machines::stop_all() {
  reap_expired();
  for (const auto& vm_id : unreadable()) stop_unreadable(vm_id);
  for (const auto& record : table_.all()) {
    const std::string& vm_id = record.machine.vm_id;
    if (record.one_shot_in_use()) {
      remove(vm_id, kExplicitDelete);
    } else {
      stop(vm_id);
    }
  }
}

void Machines::stop_unreadable(const std::string& vm_id) {
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.begin({});
  if (auto shim = ShimProcess::find(paths_of(vm_id))) power_off(paths_of(vm_id), *shim);
  end_guest(vm_id, *live);
}

void Machines::end_guest(const std::string& vm_id, LiveMachine& live) {
  watch_.remove(vm_id);
  if (!live.shim) live.shim = ShimProcess::find(paths_of(vm_id));
  if (live.shim) live.shim->end();
  live.shim.reset();
  paths_of(vm_id).remove_sockets();
}

/// First the guest, then the record, then the files: killed in between, a record without a guest
/// is a stopped machine, and files without a record are garbage.
void Machines::erase(const std::string& vm_id, LiveMachine& live, bool expired) {
  const Registry::Urgent urgent;
  end_guest(vm_id, live);
  fault::point("vm.delete.guest_ended");
  if (expired) {
    table_.erase_expired(vm_id);
  } else {
    table_.erase(vm_id);
  }
  fault::point("vm.delete.record_gone");
  std::error_code failed;
  remove_marked_directory(paths_of(vm_id).directory, failed);
  if (failed) log::error("files of vm {}: cleanup incomplete: {}", vm_id, failed.message());
  live_.forget(vm_id);
}

void Machines::guest_ended(const std::string& vm_id) {
  const Registry::Urgent urgent;
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.interrupt(
      failed_precondition(reason::kGuestGone, "vm {}: {}", vm_id, kGuestGone));
  // The operation that held it may have stopped, deleted or restarted it meanwhile.
  if (!live->shim) return;
  const bool ending = !fs::exists(paths_of(vm_id).link_socket);
  const Deadline limit = Clock::now() + (ending ? kShimEndLimit : std::chrono::seconds(0));
  if (!wait_for(live->shim->pidfd(), POLLIN, limit, StopFd({}))) return;
  log::warn("vm {}: {}", vm_id, kGuestGone);
  end_guest(vm_id, *live);
  table_.update(vm_id, [](MachineRecord& record) { set_stopped(record, std::string(kGuestGone)); });
}

void Machines::recover() {
  for (const auto& record : table_.all()) recover_one(record);
  collect_garbage();
  reaper_.emplace(Reaper::Hooks{.next_expiry = [this] { return table_.next_expiry(); },
                                .reap = [this] { reap_expired(); }});
}

void Machines::recover_one(const MachineRecord& record) {
  const std::string& vm_id = record.machine.vm_id;
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.begin({});
  live->shim = ShimProcess::find(paths_of(vm_id));
  options_.directories.mark(vm_id);  // one of pyro 0.2 has no marker
  if (record.one_shot_in_use()) {
    log::info("vm {} belonged to a call that is gone", vm_id);
    return erase(vm_id, *live, false);
  }
  try {
    if (is_real_directory(paths_of(vm_id).directory)) {
      write_description(paths_of(vm_id).directory, record);
    }
    live->leases = take_boot_leases(record.boot);
  } catch (const Error& error) {
    // A running guest has its files open; a stopped one says so when it is started.
    log::warn("vm {}: {}", vm_id, error.message());
  }
  if (record.machine.state != MachineState::kStarted) return end_guest(vm_id, *live);
  if (live->shim && !fs::exists(paths_of(vm_id).link_socket)) {
    live->shim->serve_again(paths_of(vm_id).link_socket);
  }
  if (!live->shim) {
    return table_.update(
        vm_id, [](MachineRecord& changed) { set_stopped(changed, std::string(kGuestGone)); });
  }
  log::info("vm {} still runs and is adopted", vm_id);
  restore_network(record);
  watch_.add(vm_id, live->shim->pidfd());
}

std::uint32_t Machines::started_count() const {
  std::uint32_t count = 0;
  for (const auto& record : table_.all()) count += record.machine.state == MachineState::kStarted;
  return count;
}

std::vector<std::string> Machines::unreadable() const {
  std::vector<std::string> ids = table_.ids();
  std::erase_if(ids, [this](const std::string& vm_id) { return !table_.is_unreadable(vm_id); });
  return ids;
}

/// Killed before the directory has this registry's marker, the next start gives it one.
void Machines::adopt(MachineRecord record) {
  const std::string vm_id = record.machine.vm_id;
  const auto live = live_.get(vm_id);
  const auto operation = live->turns.begin({});
  // Of one whose record became unreadable the guest may run.
  if (auto shim = ShimProcess::find(paths_of(vm_id))) power_off(paths_of(vm_id), *shim);
  end_guest(vm_id, *live);
  set_stopped(record, std::nullopt);
  record.replaces.reset();
  table_.restore(record);
  fault::point("vm.adopt.recorded");
  options_.directories.mark(vm_id);
  try {
    live->leases = take_boot_leases(record.boot);
  } catch (const Error& error) {
    log::warn("vm {}: {}", vm_id, error.message());
  }
}

void Machines::collect_garbage() {
  const std::vector<std::string> ids = table_.ids();
  const std::set<std::string> known(ids.begin(), ids.end());
  const fs::path sockets = options_.paths.runtime_dir / "machines";
  std::set<std::string> unknown;
  for (const auto& entry : fs::directory_iterator(sockets)) {
    if (fs::is_socket(entry.symlink_status())) unknown.insert(entry.path().stem().string());
  }
  for (const auto& entry : fs::directory_iterator(options_.paths.machines_dir())) {
    if (is_real_directory(entry.path())) unknown.insert(entry.path().filename().string());
  }
  for (const auto& vm_id : unknown) {
    if (known.contains(vm_id)) continue;
    const MachinePaths paths = paths_of(vm_id);
    if (auto shim = ShimProcess::find(paths)) {
      // The disks of a lost registry's machine are kept.
      if (options_.directories.owner_of_id(vm_id) == Owner::kOtherRegistry) {
        power_off(paths, *shim);
      }
      shim->end();
    }
    paths.remove_sockets();
  }
  for (const auto& entry : fs::directory_iterator(options_.paths.machines_dir())) {
    if (known.contains(entry.path().filename().string())) continue;
    if (!options_.directories.remove_garbage(entry.path())) {
      log::warn("'{}' is not this registry's and is left alone", entry.path().string());
    }
  }
}

}  // namespace pyro::vm
