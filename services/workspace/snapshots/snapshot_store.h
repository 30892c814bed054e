#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/api/files.h"
#include "common/api/workspace_snapshots.h"
#include "common/config/paths.h"
#include "common/registry/registry.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// A row of the table `workspace_snapshots`.
struct SnapshotRecord {
  std::string workspace_id;
  api::Snapshot snapshot;
  bool is_foreign = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &SnapshotRecord::workspace_id, "The workspace.");
    f("snapshot", &SnapshotRecord::snapshot, "The snapshot.");
    f("is_foreign", &SnapshotRecord::is_foreign,
      "A guest wrote its volume: only guests look into it.");
  }
};

/// The snapshots of workspaces: a volume each, and a row for each named one. The baseline is part
/// of the workspace itself. Called within a turn of the workspace.
class SnapshotStore {
 public:
  static constexpr const char* kTable = "workspace_snapshots";

  SnapshotStore(Registry& registry, Paths paths)
      : paths_(std::move(paths)), rows_(registry, kTable) {}

  /// `copy` makes the volume; the row that follows makes it a snapshot.
  /// already_exists: the name is taken.
  api::Snapshot create(const WorkspaceRecord& workspace, const std::string& name, bool is_foreign,
                       const std::function<api::TreeSize(const std::filesystem::path&)>& copy);
  /// failed_precondition: `cannot delete the baseline snapshot`.
  void remove(const WorkspaceRecord& workspace, const std::string& name);

  /// not_found: `snapshot 'x' does not exist in workspace 'y'`.
  api::Snapshot find(const WorkspaceRecord& workspace, const std::string& name) const;
  /// The same; failed_precondition (volume_lost): its volume is missing or damaged.
  api::Snapshot find_whole(const WorkspaceRecord& workspace, const std::string& name) const;
  /// The names of those whose volume is missing or damaged, or whose row cannot be read.
  std::vector<std::string> lost(const WorkspaceRecord& workspace) const;
  std::filesystem::path volume_of(const WorkspaceRecord& workspace, const std::string& name) const;
  /// Whether a guest wrote it: this host must not parse it.
  bool is_foreign(const WorkspaceRecord& workspace, const std::string& name) const;
  /// The baseline, then by age.
  std::vector<api::Snapshot> all(const WorkspaceRecord& workspace) const;
  /// By age, the latest first.
  std::vector<api::Snapshot> named(const WorkspaceRecord& workspace) const;

  std::vector<SnapshotRecord> records(const std::string& workspace_id) const {
    return rows_.last_below(workspace_id + "/");
  }
  /// Puts a row that is lost or unreadable, if its volume still exists.
  void restore(const SnapshotRecord& record);
  /// The names of those whose row cannot be read.
  std::vector<std::string> unreadable(const std::string& workspace_id) const;

  /// Removes volumes that no row names.
  void collect_garbage(const WorkspaceRecord& workspace);
  void forget(const std::string& workspace_id) { rows_.erase_below(workspace_id + "/"); }

 private:
  SnapshotRecord find_record(const WorkspaceRecord& workspace, const std::string& name) const;

  Paths paths_;
  RecordTable<SnapshotRecord> rows_;
};

}  // namespace pyro::workspace
