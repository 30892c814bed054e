#pragma once

#include <filesystem>

#include "common/api/adoption.h"
#include "common/bus/call.h"
#include "common/ownership/owned_directories.h"
#include "services/workspace/lifecycle/descriptions.h"
#include "services/workspace/lifecycle/garbage.h"
#include "services/workspace/snapshots/snapshot_store.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Restores records, with their snapshots, after the registry's file was lost.
class WorkspaceAdoption {
 public:
  WorkspaceAdoption(std::filesystem::path state_dir, const OwnedDirectories& directories,
                    Workspaces& workspaces, SnapshotStore& snapshots, Garbage& garbage);

  api::Adoption handle(const api::AdoptWorkspaces& request, bus::Call& call);

 private:
  /// False: it is garbage.
  bool adopt(WorkspaceDescription description);

  std::filesystem::path state_dir_;
  const OwnedDirectories& directories_;
  Workspaces& workspaces_;
  SnapshotStore& snapshots_;
  Garbage& garbage_;
};

}  // namespace pyro::workspace
