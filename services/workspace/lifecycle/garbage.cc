#include "services/workspace/lifecycle/garbage.h"

#include <filesystem>
#include <utility>

#include "common/log/log.h"

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
void Garbage::collect(const std::stop_token& stop) {
  const std::set<std::string> before = in_making();
  for (const auto& record : workspaces_.table().all()) refresh(record.id());
  collect_machines(before, stop);
  collect_directories(before);
  for (const auto& record : workspaces_.table().all()) collect_within(record.id(), stop);
}

/// What a directory says of its workspace comes first: the machine that it names is there until
/// then. One of pyro 0.2 says nothing, and has no marker.
void Garbage::refresh(const std::string& workspace_id) {
  const auto state = workspaces_.live(workspace_id);
  const auto turn = state->turns.begin({});
  if (!workspaces_.table().get(workspace_id)) return;
  directories_.mark(workspace_id);
  workspaces_.changed(workspace_id);
}

/// Not ours to delete, nor is its machine: the vm service may know one of a registry that we lost.
bool Garbage::is_left_alone(const std::string& workspace_id) const {
  const Owner owner = directories_.owner_of_id(workspace_id);
  return owner == Owner::kOtherRegistry || owner == Owner::kUnknown;
}

void Garbage::collect_machines(const std::set<std::string>& before, const std::stop_token& stop) {
  for (const auto& [workspace_id, machine] : machines_.all(stop).machines) {
    if (before.contains(workspace_id) || in_making().contains(workspace_id)) continue;
    // A second machine of a workspace may belong to a reset that is under way.
    const auto state = workspaces_.live(workspace_id);
    const auto turn = state->turns.begin({});
    const auto record = workspaces_.table().get(workspace_id);
    if (record ? record->vm_id == machine.vm_id
               : workspaces_.table().contains(workspace_id) || is_left_alone(workspace_id)) {
      continue;
    }
    log::info("vm {} belongs to no workspace and is deleted", machine.vm_id);
    machines_.remove(machine.vm_id, stop);
  }
}

void Garbage::collect_directories(const std::set<std::string>& before) {
  for (const auto& entry : fs::directory_iterator(directories_.parent())) {
    const std::string workspace_id = entry.path().filename().string();
    if (before.contains(workspace_id) || in_making().contains(workspace_id)) continue;
    if (workspaces_.table().contains(workspace_id)) continue;
    if (is_left_alone(workspace_id)) {
      log::warn("'{}' is not this registry's and is left alone", entry.path().string());
      continue;
    }
    for (Part* part : workspaces_.parts()) part->forget(workspace_id);
    directories_.remove_garbage(entry.path());
  }
}

void Garbage::collect_within(const std::string& workspace_id, const std::stop_token& stop) {
  const auto state = workspaces_.live(workspace_id);
  const auto turn = state->turns.begin({});
  const auto record = workspaces_.table().get(workspace_id);
  if (!record) return;
  if (record->must_stop) {
    machines_.stop(record->vm_id, stop);
    workspaces_.table().update(workspace_id,
                               [](WorkspaceRecord& changed) { changed.must_stop = false; });
  }
  for (Part* part : workspaces_.parts()) part->collect_garbage(*record);
}

}  // namespace pyro::workspace
