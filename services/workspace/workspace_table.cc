#include "services/workspace/workspace_table.h"

#include "common/api/message_table.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"

namespace pyro::workspace {

void mark_active(WorkspaceRecord& record) {
  api::Workspace& workspace = record.workspace;
  workspace.last_activity_at = now_epoch_seconds();
  if (record.expired_at) return;
  workspace.expires_at = workspace.last_activity_at + workspace.ttl_seconds;
}

void WorkspaceTable::add(const WorkspaceRecord& record) {
  const std::lock_guard lock(mutex_);
  workspaces_.put(record.id(), record);
}

WorkspaceRecord WorkspaceTable::find(const std::string& workspace_id) const {
  const std::lock_guard lock(mutex_);
  return find_locked(workspace_id);
}

std::optional<WorkspaceRecord> WorkspaceTable::get(const std::string& workspace_id) const {
  return workspaces_.find_readable(workspace_id);
}

WorkspaceRecord WorkspaceTable::find_locked(const std::string& workspace_id) const {
  if (auto record = workspaces_.get(workspace_id)) return std::move(*record);
  if (reaped_.contains(workspace_id)) {
    throw not_found(reason::kWorkspaceExpired,
                    "workspace '{}' expired and was automatically deleted", workspace_id);
  }
  throw not_found(reason::kWorkspaceGone, "workspace '{}' does not exist", printable(workspace_id));
}

void WorkspaceTable::touch(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  auto record = workspaces_.find_readable(workspace_id);
  if (!record) return;
  mark_active(*record);
  workspaces_.put(workspace_id, *record);
}

bool WorkspaceTable::erase(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  return workspaces_.erase(workspace_id);
}

bool WorkspaceTable::erase_expired(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  reaped_.add(workspace_id);
  return workspaces_.erase(workspace_id);
}

}  // namespace pyro::workspace

PYRO_TABLE(pyro::workspace::WorkspaceRecord)
