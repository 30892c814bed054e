#include "services/workspace/lifecycle/garbage.h"

#include <utility>

#include "common/log/log.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {

namespace fs = std::filesystem;

Garbage::Making::Making(Garbage& garbage, std::string workspace_id)
    : garbage_(garbage), workspace_id_(std::move(workspace_id)) {
  const std::lock_guard lock(garbage_.mutex_);
  garbage_.in_making_.insert(workspace_id_);
}

Garbage::Making::~Making() {
  const std::lock_guard lock(garbage_.mutex_);
  garbage_.in_making_.erase(workspace_id_);
}

std::set<std::string> Garbage::in_making() const {
  const std::lock_guard lock(mutex_);
  return in_making_;
}

/// A workspace that is just being made is listed before its machine exists, and has its record
/// before it is taken from that list.
void Garbage::collect() {
  const std::set<std::string> before = in_making();
  collect_machines(before);
  collect_directories(before);
  for (const auto& record : workspaces_.table().all()) collect_within(record.id());
}

void Garbage::collect_machines(const std::set<std::string>& before) {
  for (const auto& [workspace_id, machine] : machines_.all().machines) {
    if (before.contains(workspace_id) || in_making().contains(workspace_id)) continue;
    // A second machine of a workspace may belong to a reset that is under way.
    const auto state = workspaces_.live(workspace_id);
    const auto turn = state->turns.begin({});
    const auto record = workspaces_.table().get(workspace_id);
    if (record && record->vm_id == machine.vm_id) continue;
    log::info("vm {} belongs to no workspace and is deleted", machine.vm_id);
    machines_.remove(machine.vm_id);
  }
}

void Garbage::collect_directories(const std::set<std::string>& before) {
  for (const auto& entry : fs::directory_iterator(paths_.workspaces_dir())) {
    const std::string workspace_id = entry.path().filename().string();
    if (before.contains(workspace_id) || in_making().contains(workspace_id)) continue;
    if (workspaces_.table().get(workspace_id)) continue;
    for (Part* part : workspaces_.parts()) part->forget(workspace_id);
    fs::remove_all(entry.path());
  }
}

void Garbage::collect_within(const std::string& workspace_id) {
  const auto state = workspaces_.live(workspace_id);
  const auto turn = state->turns.begin({});
  const auto record = workspaces_.table().get(workspace_id);
  if (!record) return;
  if (record->must_stop) {
    machines_.stop(record->vm_id);
    workspaces_.table().update(workspace_id,
                               [](WorkspaceRecord& changed) { changed.must_stop = false; });
  }
  for (Part* part : workspaces_.parts()) part->collect_garbage(*record);
}

}  // namespace pyro::workspace
