#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/reaper/reaped_ids.h"
#include "common/registry/registry.h"
#include "services/vm/machine_record.h"

namespace pyro::vm {

/// The records of all machines, with the rules for ids, limits and lifetimes. Thread-safe.
class MachineTable {
 public:
  static constexpr const char* kName = "machines";

  MachineTable(Registry& registry, std::uint32_t max_active);

  /// Adds a new machine; sets its id and times.
  /// resource_exhausted: `max active VMs reached (8); delete old VMs first`
  MachineRecord add(MachineRecord record);

  /// One that was set aside counts as active again.
  /// resource_exhausted: as for a new one.
  void bring_back(const std::string& vm_id);

  /// Adds one whose row is lost or unreadable as it is, over the limit if need be; one that can be
  /// read stays.
  void restore(const MachineRecord& record);

  /// not_found: `vm 'x' does not exist`, `vm 'x' expired and was automatically deleted`
  MachineRecord find(const std::string& vm_id) const;

  /// Its row is there, but is no record: all that can be done is to delete or restore it.
  bool is_unreadable(const std::string& vm_id) const;

  /// Changes one record; does nothing if it was deleted meanwhile.
  template <class Change>
  void update(const std::string& vm_id, Change&& change) {
    const std::lock_guard lock(mutex_);
    auto record = machines_.find_readable(vm_id);
    if (!record) return;
    change(*record);
    machines_.put(vm_id, *record);
  }

  bool erase(const std::string& vm_id);
  /// The same; late callers hear that it expired.
  bool erase_expired(const std::string& vm_id);

  std::vector<MachineRecord> all() const { return machines_.all(); }
  /// With those whose record cannot be read.
  std::vector<std::string> ids() const { return machines_.ids(); }
  /// Those that count as active.
  std::uint32_t count() const;
  std::uint32_t max_active() const { return max_active_; }

  /// When the next machine expires, in seconds since the epoch.
  std::optional<double> next_expiry() const;
  std::vector<std::string> expired() const;

 private:
  void require_room() const;
  mutable std::mutex mutex_;
  RecordTable<MachineRecord> machines_;
  ReapedIds reaped_;
  std::uint32_t max_active_;
};

}  // namespace pyro::vm
