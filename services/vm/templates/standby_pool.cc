#include "services/vm/templates/standby_pool.h"

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "services/vm/boot/boot_leases.h"
#include "services/vm/boot/guest_boot.h"
#include "services/vm/boot/guest_network.h"
#include "services/vm/boot/shim_control.h"
#include "services/vm/drivers/disks.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

/// Some of what ends a command overlaps with the next one: the second finds all of it translated.
constexpr int kRehearsals = 2;

/// Removes a machine's files; its processes have ended.
void erase_files(const MachinePaths& paths) {
  std::error_code ignored;
  paths.remove_sockets();
  remove_marked_directory(paths.directory, ignored);
}

}  // namespace

template <class Matches>
std::list<StandbyPool::Standby> StandbyPool::remove_if(const Matches& matches) {
  std::list<Standby> removed;
  const std::lock_guard lock(mutex_);
  for (auto it = standbys_.begin(); it != standbys_.end();) {
    const auto next = std::next(it);
    if (matches(*it)) removed.splice(removed.end(), standbys_, it);
    it = next;
  }
  return removed;
}

void StandbyPool::end(std::list<Standby> ended) {
  for (auto& standby : ended) {
    standby.guest.shim.end();
    erase_files(standby.paths);
  }
}

void StandbyPool::add(Driver& driver, const MachineRecord& record, const Template& from,
                      const Work& work) {
  const std::string name = "standby-" + random_hex(4);
  const MachinePaths paths(options_.paths, name);
  options_.machines.make(name);
  Cleanup remove_files([&paths] { erase_files(paths); });
  std::vector<DirectoryLease> leases = take_boot_leases(record.boot);
  Launch launch = driver.prepare_restore(record.machine, record.boot, paths, from.files());
  fs::remove(paths.workspace_disk());
  make_rehearsal_workspace_disk(options_.paths.cache_dir, paths.workspace_disk());
  ShimProcess shim = boot_guest(options_.shim_program, launch, paths,
                                {.answer = options_.limits.boot, .tries = 1}, work);
  Cleanup end_shim([&shim] { shim.end(); });
  for (int time = 0; time < kRehearsals; ++time) {
    rehearse(paths, "true", options_.limits, work);
    rehearse_workspace(paths, options_.limits.rehearsal, work);
    rehearse_network(paths, options_.limits.rehearsal, work);
  }
  clear_workspace_disk(paths.workspace_disk());
  if (record.network.has_network()) start_standby_gate(paths, options_.limits.network, work);
  options_.limits.monitor.run(work, [&](const Work& brief) {
    ShimControl(paths.control_socket).call(control::Pause{}, brief);
  });
  end_shim.dismiss();
  remove_files.dismiss();
  const std::lock_guard lock(mutex_);
  standbys_.push_back({.key = from.manifest.shape.key(),
                       .paths = paths,
                       .guest = {.launch = std::move(launch), .shim = std::move(shim)},
                       .leases = std::move(leases)});
}

std::optional<RunningGuest> StandbyPool::take(const std::string& key, const std::string& vm_id,
                                              const Work& work) {
  bool found = false;
  std::list<Standby> taken = remove_if([&](const Standby& standby) {
    if (found || standby.key != key) return false;
    return found = true;
  });
  if (taken.empty()) return std::nullopt;
  Standby& standby = taken.front();
  const MachinePaths paths(options_.paths, vm_id);
  if (!standby.guest.shim.running()) {
    log::warn("a standby machine has ended by itself");
    end(std::move(taken));
    return std::nullopt;
  }
  try {
    // A kill between these leaves a machine without a record, or one that was never started.
    remove_marked_directory(paths.directory);
    fs::rename(standby.paths.directory, paths.directory);
    options_.machines.mark(vm_id);
    fs::rename(standby.paths.link_socket, paths.link_socket);
    fs::rename(standby.paths.control_socket, paths.control_socket);
    options_.limits.monitor.run(work, [&](const Work& brief) {
      ShimControl(paths.control_socket).call(control::Resume{}, brief);
    });
  } catch (const std::exception& error) {
    log::warn("a standby machine could not resume: {}", error.what());
    end(std::move(taken));
    return std::nullopt;
  }
  return std::move(standby.guest);
}

std::uint32_t StandbyPool::count(const std::string& key) {
  end(remove_if([](const Standby& standby) { return !standby.guest.shim.running(); }));
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(
      std::count_if(standbys_.begin(), standbys_.end(),
                    [&key](const Standby& standby) { return standby.key == key; }));
}

std::uint32_t StandbyPool::count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(standbys_.size());
}

void StandbyPool::keep_only(const std::string& key) {
  end(remove_if([&key](const Standby& standby) { return standby.key != key; }));
}

void StandbyPool::drain() {
  end(remove_if([](const Standby&) { return true; }));
}

}  // namespace pyro::vm
