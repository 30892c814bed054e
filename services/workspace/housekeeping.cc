#include <algorithm>

#include "common/base/clock.h"
#include "common/base/files.h"
#include "common/log/log.h"
#include "services/workspace/workspace_paths.h"
#include "services/workspace/workspaces.h"

/// What workspaces need beside the calls: an end when their time is over, and what a killed process
/// left behind taken up or away.
namespace pyro::workspace {

namespace fs = std::filesystem;

std::optional<double> Workspaces::next_expiry() {
  std::optional<double> next;
  for (const auto& record : table_.all()) {
    // Whoever works on it wakes the reaper at the end.
    if (jobs_->any(record.id()) || live(record.id())->calls > 0) continue;
    const double expiry = record.workspace.expires_at;
    if (!next || expiry < *next) next = expiry;
  }
  return next;
}

void Workspaces::reap_expired() {
  const auto expired = [](const WorkspaceRecord& record) {
    return record.workspace.expires_at <= now_epoch_seconds();
  };
  for (const auto& candidate : table_.all()) {
    const auto one = live(candidate.id());
    if (!expired(candidate) || one->calls > 0 || jobs_->any(candidate.id())) continue;
    const auto turn = one->turns.begin({});
    // Somebody may have been at it just before, or may just have come.
    const auto record = table_.get(candidate.id());
    if (!record || !expired(*record) || one->calls > 0 || jobs_->any(candidate.id())) continue;
    erase(*record, true);
    log::info("workspace {} expired and was deleted", candidate.id());
  }
}

void Workspaces::adopt_jobs() {
  std::map<std::string, WorkspaceRecord> records;
  for (auto& record : table_.all()) {
    if (record.throwaway) {
      table_.erase(record.id());  // what is left of it is garbage
    } else {
      records.emplace(record.id(), std::move(record));
    }
  }
  for (const auto& command : journal_.running()) {
    const auto record = records.find(command.workspace_id);
    if (record == records.end() || record->second.session != command.session) continue;
    jobs_->adopt(command, record->second.vm_id);
  }
}

/// Machines, directories and rows that no record names. A workspace that is just being made is
/// listed before its machine exists, and has its record before it is taken from that list.
void Workspaces::collect_garbage() {
  std::set<std::string> in_making;
  {
    const std::lock_guard lock(mutex_);
    in_making = in_making_;
  }
  collect_machines(in_making);
  collect_directories(in_making);
  for (const auto& record : table_.all()) collect_within(record.id());
}

void Workspaces::collect_machines(const std::set<std::string>& in_making) {
  for (const auto& [workspace_id, machine] : sandboxes_.all().machines) {
    {
      const std::lock_guard lock(mutex_);
      if (in_making.contains(workspace_id) || in_making_.contains(workspace_id)) continue;
    }
    // A second machine of a workspace may belong to a reset that is under way.
    const auto one = live(workspace_id);
    const auto turn = one->turns.begin({});
    const auto record = table_.get(workspace_id);
    if (record && record->vm_id == machine.vm_id) continue;
    log::info("vm {} belongs to no workspace and is deleted", machine.vm_id);
    sandboxes_.remove(machine.vm_id);
  }
}

void Workspaces::collect_directories(const std::set<std::string>& in_making) {
  for (const auto& entry : fs::directory_iterator(paths_.workspaces_dir())) {
    const std::string workspace_id = entry.path().filename().string();
    {
      const std::lock_guard lock(mutex_);
      if (in_making.contains(workspace_id) || in_making_.contains(workspace_id)) continue;
    }
    if (table_.get(workspace_id)) continue;
    journal_.forget(workspace_id);
    reviews_.forget(workspace_id);
    snapshots_.forget(workspace_id);
    fs::remove_all(entry.path());
  }
}

void Workspaces::collect_within(const std::string& workspace_id) {
  const auto one = live(workspace_id);
  const auto turn = one->turns.begin({});
  const auto record = table_.get(workspace_id);
  if (!record) return;
  if (record->must_stop) {
    sandboxes_.stop(record->vm_id);
    table_.update(workspace_id, [](WorkspaceRecord& changed) { changed.must_stop = false; });
  }
  snapshots_.collect_garbage(*record);
  journal_.forget_other_sessions(*record);
  reviews_.forget_other_sessions(*record);
}

}  // namespace pyro::workspace
