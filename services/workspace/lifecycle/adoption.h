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

/// Restores records, with their snapshots, that the registry lost or cannot read.
class WorkspaceAdoption {
 public:
  WorkspaceAdoption(std::filesystem::path state_dir, Registry& registry,
                    const OwnedDirectories& directories, Workspaces& workspaces,
                    const Descriptions& descriptions, Garbage& garbage);

  api::Adoption handle(const api::AdoptWorkspaces& request, bus::Call& call);

 private:
  /// False: it is garbage.
  bool adopt(WorkspaceDescription description);

  std::filesystem::path state_dir_;
  Registry& registry_;
  const OwnedDirectories& directories_;
  Workspaces& workspaces_;
  const Descriptions& descriptions_;
  Garbage& garbage_;
};

}  // namespace pyro::workspace
