#include "services/workspace/workspaces.h"

#include <algorithm>
#include <utility>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "common/config/volume.h"
#include "common/process/process_name.h"

namespace pyro::workspace {
namespace {

api::WorkspaceState state_of(const api::Machine& machine) {
  switch (machine.state) {
    case api::MachineState::kCreated:
      return api::WorkspaceState::kCreated;
    case api::MachineState::kStarted:
      return api::WorkspaceState::kStarted;
    case api::MachineState::kStopped:
      break;
  }
  return api::WorkspaceState::kStopped;
}

}  // namespace

/// `snapshot_create` of `workspace.snapshot_create`.
std::string Workspaces::tool_name(std::string_view method) {
  std::string name(method);
  std::replace(name.begin(), name.end(), '.', '_');
  constexpr std::string_view kSnapshot = "workspace_snapshot_";
  return name.starts_with(kSnapshot) ? name.substr(std::string_view("workspace_").size()) : name;
}

Workspaces::Use::Use(Workspaces& workspaces, const std::string& workspace_id)
    : workspaces_(workspaces) {
  workspaces.find(workspace_id);
  state_ = workspaces.live(workspace_id);
  ++state_->calls;
}

Workspaces::Use::~Use() {
  // It may have held off the expiry.
  if (--state_->calls == 0) workspaces_.expiry_changed();
}

Workspaces::Workspaces(Registry& registry, Machines& machines, const WorkspaceConfig& config)
    : config_(config), machines_(machines), table_(registry) {
  for (const auto& record : table_.all()) {
    if (record.throwaway) table_.erase(record.id());
  }
}

void Workspaces::on_expiry_change(std::function<void()> changed) {
  const std::lock_guard lock(mutex_);
  expiry_changed_ = std::move(changed);
}

void Workspaces::expiry_changed() {
  const std::lock_guard lock(mutex_);
  if (expiry_changed_) expiry_changed_();
}

bool Workspaces::is_busy(const std::string& workspace_id) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part* part) { return part->is_busy(workspace_id); });
}

api::ConnectionMaker Workspaces::maker(const WorkspaceRecord& record,
                                       const std::string& job_id) const {
  for (const Part* part : parts_) {
    if (const auto maker = part->maker(record, job_id)) return *maker;
  }
  return {};
}

bool Workspaces::is_in_use(const std::string& workspace_id) {
  return live(workspace_id)->calls > 0 || is_busy(workspace_id);
}

bool Workspaces::is_held(const WorkspaceRecord& record) const {
  return is_busy(record.id()) || (record.maker && is_process_alive(*record.maker));
}

std::optional<double> Workspaces::deletion_of(const WorkspaceRecord& record) const {
  constexpr double kDay = 86400;
  if (!record.expired_at) return std::nullopt;
  return *record.expired_at + kDay * config_.keep_days;
}

std::optional<double> Workspaces::near_expiry(const std::string& workspace_id) const {
  const auto record = table_.get(workspace_id);
  if (!record || record->expired_at || is_held(*record)) return std::nullopt;
  const api::Workspace& workspace = record->workspace;
  const double left = workspace.expires_at - now_epoch_seconds();
  // Past its expiry something holds that off, or it is about to be known as expired.
  if (left <= 0 || left >= api::kLastPartOfLife * workspace.ttl_seconds) return std::nullopt;
  return workspace.expires_at;
}

api::Workspace Workspaces::describe(const WorkspaceRecord& record,
                                    const api::Machine& machine) const {
  api::Workspace workspace = record.workspace;
  workspace.state = record.expired_at ? api::WorkspaceState::kExpired : state_of(machine);
  workspace.on_expiry = on_expiry();
  workspace.deleted_at = deletion_of(record);
  workspace.execution_mode = machine.execution_mode;
  workspace.network_enabled = machine.network_enabled;
  workspace.guest_ip = machine.guest_ip;
  workspace.tap_name = machine.tap_name;
  workspace.metadata = machine.metadata;
  if (machine.execution_mode != api::ExecutionMode::kHostCompat) {
    workspace.metadata["disk_mib"] = std::to_string(kWorkspaceDiskBytes >> 20U);
  }
  if (machine.last_error) workspace.last_error = machine.last_error;
  for (const Part* part : parts_) part->describe(record, workspace);
  return workspace;
}

api::Workspace Workspaces::describe(const WorkspaceRecord& record, const Work& work) const {
  return describe(record, machines_.status(record.vm_id, work));
}

Workspaces::Started Workspaces::require_started(const std::string& workspace_id,
                                                std::string_view method, const Work& work) const {
  Started started{.record = table_.find(workspace_id)};
  started.machine = machines_.status(started.record.vm_id, work);
  if (started.machine.state == api::MachineState::kStarted) return started;
  throw failed_precondition(
      reason::kNotStarted,
      "workspace {} must be in 'started' state before {}: it is {}{}; start it first", workspace_id,
      tool_name(method),
      started.record.expired_at ? "expired" : api::name_of(started.machine.state),
      started.machine.last_error ? " (" + *started.machine.last_error + ")" : "");
}

}  // namespace pyro::workspace
