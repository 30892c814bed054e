#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/reaper/reaped_ids.h"
#include "common/registry/registry.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// The records of all workspaces, with the rules on their lifetimes. Thread-safe.
class WorkspaceTable {
 public:
  static constexpr const char* kName = "workspaces";

  explicit WorkspaceTable(Registry& registry)
      : workspaces_(registry, kName), reaped_(registry, "reaped_workspaces") {}

  void add(const WorkspaceRecord& record);

  /// not_found: `workspace 'x' does not exist`, `… expired and was automatically deleted`;
  /// failed_precondition (record_unreadable)
  WorkspaceRecord find(const std::string& workspace_id) const;

  /// nullopt also for one whose row cannot be read.
  std::optional<WorkspaceRecord> get(const std::string& workspace_id) const;
  /// With those that cannot be read: their files are not garbage.
  bool contains(const std::string& workspace_id) const {
    return workspaces_.contains(workspace_id);
  }
  bool is_unreadable(const std::string& workspace_id) const {
    return contains(workspace_id) && !get(workspace_id);
  }

  /// Changes one record and returns it as it is now. not_found, as above.
  template <class Change>
  WorkspaceRecord update(const std::string& workspace_id, Change&& change) {
    const std::lock_guard lock(mutex_);
    WorkspaceRecord record = find_locked(workspace_id);
    change(record);
    workspaces_.put(workspace_id, record);
    return record;
  }
  /// Something was done in it: its expiry moves. One that is gone is let be.
  void touch(const std::string& workspace_id);

  bool erase(const std::string& workspace_id);
  /// The same, and late callers hear why.
  bool erase_expired(const std::string& workspace_id);

  std::vector<WorkspaceRecord> all() const { return workspaces_.all(); }
  /// With those that cannot be read.
  std::vector<std::string> ids() const { return workspaces_.ids(); }

 private:
  WorkspaceRecord find_locked(const std::string& workspace_id) const;

  mutable std::mutex mutex_;
  RecordTable<WorkspaceRecord> workspaces_;
  ReapedIds reaped_;
};

/// Sets its last activity to now, and its expiry with it; an expired one stays so.
void mark_active(WorkspaceRecord& record);

}  // namespace pyro::workspace
