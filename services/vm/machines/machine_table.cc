#include "services/vm/machines/machine_table.h"

#include <algorithm>

#include "common/api/message_table.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/reasons/machine.h"
#include "common/base/text.h"

namespace pyro::vm {
namespace {

Error expired_error(const std::string& vm_id) {
  return not_found(reason::kMachineExpired, "vm '{}' expired and was automatically deleted", vm_id);
}

}  // namespace

MachineTable::MachineTable(Registry& registry, std::uint32_t max_active)
    : machines_(registry, kName), reaped_(registry, "reaped_machines"), max_active_(max_active) {}

MachineRecord MachineTable::add(MachineRecord record) {
  const std::lock_guard lock(mutex_);
  const bool in_place = record.replaces && machines_.contains(*record.replaces);
  const auto replaced = in_place ? machines_.find_readable(*record.replaces) : std::nullopt;
  if (!in_place || (replaced && replaced->set_aside)) require_room();
  api::Machine& machine = record.machine;
  machine.vm_id = new_id();
  machine.created_at = now_epoch_seconds();
  machine.expires_at = machine.created_at + machine.ttl_seconds;
  machines_.put(machine.vm_id, record);
  return record;
}

void MachineTable::require_room() const {
  if (count() < max_active_) return;
  throw resource_exhausted(reason::kLimitReached,
                           "max active VMs reached ({}); delete old VMs first", max_active_);
}

void MachineTable::bring_back(const std::string& vm_id) {
  const std::lock_guard lock(mutex_);
  auto record = machines_.find_readable(vm_id);
  if (!record || !record->set_aside) return;
  require_room();
  record->set_aside = false;
  machines_.put(vm_id, *record);
}

void MachineTable::restore(const MachineRecord& record) {
  const std::lock_guard lock(mutex_);
  if (machines_.find_readable(record.machine.vm_id)) return;
  machines_.put(record.machine.vm_id, record);
}

MachineRecord MachineTable::find(const std::string& vm_id) const {
  const std::lock_guard lock(mutex_);
  const auto record = machines_.get(vm_id);
  if (!record) {
    if (reaped_.contains(vm_id)) throw expired_error(vm_id);
    throw not_found(reason::kMachineGone, "vm '{}' does not exist", printable(vm_id));
  }
  if (record->expired_at(now_epoch_seconds())) throw expired_error(vm_id);
  return *record;
}

bool MachineTable::is_unreadable(const std::string& vm_id) const {
  const std::lock_guard lock(mutex_);
  return machines_.contains(vm_id) && !machines_.find_readable(vm_id);
}

bool MachineTable::erase(const std::string& vm_id) {
  const std::lock_guard lock(mutex_);
  return machines_.erase(vm_id);
}

bool MachineTable::erase_expired(const std::string& vm_id) {
  const std::lock_guard lock(mutex_);
  reaped_.add(vm_id);
  return machines_.erase(vm_id);
}

std::uint32_t MachineTable::count() const {
  // One that cannot be read may run.
  const auto all = machines_.all();
  const auto aside = std::count_if(all.begin(), all.end(),
                                   [](const MachineRecord& record) { return record.set_aside; });
  return static_cast<std::uint32_t>(machines_.ids().size()) - static_cast<std::uint32_t>(aside);
}

std::optional<double> MachineTable::next_expiry() const {
  std::optional<double> next;
  for (const auto& record : machines_.all()) {
    if (!record.expires()) continue;
    if (!next || record.machine.expires_at < *next) next = record.machine.expires_at;
  }
  return next;
}

std::vector<std::string> MachineTable::expired() const {
  std::vector<std::string> ids;
  for (const auto& record : machines_.all()) {
    if (record.expired_at(now_epoch_seconds())) ids.push_back(record.machine.vm_id);
  }
  return ids;
}

}  // namespace pyro::vm

PYRO_TABLE(pyro::vm::MachineRecord)
