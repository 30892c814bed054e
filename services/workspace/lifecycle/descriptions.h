#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

#include "common/ownership/owned_directories.h"
#include "services/workspace/snapshots/snapshot_store.h"
#include "services/workspace/workspace_record.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// The file `workspace.json` in a workspace's directory.
struct WorkspaceDescription {
  WorkspaceRecord record;
  std::vector<SnapshotRecord> snapshots;

  template <class Fields>
  static void describe(Fields& f) {
    f("record", &WorkspaceDescription::record, "Its record.");
    f("snapshots", &WorkspaceDescription::snapshots, "Its named snapshots.");
  }
};

/// What the directories say of their workspaces, should the registry's file be lost. The record is
/// the truth: a directory says the same right after each change of what matters, and again at the
/// next start after a kill in between. Thread-safe.
class Descriptions {
 public:
  /// At once it restores the lost snapshots of workspaces that a recovered registry still has:
  /// without a row a volume is garbage.
  Descriptions(const OwnedDirectories& directories, Workspaces& workspaces,
               SnapshotStore& snapshots);
  Descriptions(const Descriptions&) = delete;
  Descriptions& operator=(const Descriptions&) = delete;
  ~Descriptions();

  /// Of a new workspace, before its record: with the record it is all there.
  void write(const WorkspaceRecord& record) const;

  /// nullopt: it says nothing, or not of this workspace.
  static std::optional<WorkspaceDescription> read(const std::filesystem::path& directory);

  /// Puts the rows of snapshots that are lost or unreadable.
  void restore_snapshots(const std::string& workspace_id) const;

 private:
  void refresh(const std::string& workspace_id) const;
  void write(const WorkspaceDescription& description) const;
  void keep_unreadable(WorkspaceDescription& description) const;

  const OwnedDirectories& directories_;
  Workspaces& workspaces_;
  SnapshotStore& snapshots_;
  mutable std::mutex mutex_;  ///< the last to write has read the newest
};

}  // namespace pyro::workspace
