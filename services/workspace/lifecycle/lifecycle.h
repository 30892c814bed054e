#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "common/api/workspace.h"
#include "common/bus/call.h"
#include "common/config/paths.h"
#include "common/ownership/owned_directories.h"
#include "services/workspace/lifecycle/descriptions.h"
#include "services/workspace/lifecycle/garbage.h"
#include "services/workspace/lifecycle/sandboxes.h"
#include "services/workspace/machines.h"
#include "services/workspace/network/networks.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/snapshots/snapshot_store.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Workspaces come, change their state, and go.
class Lifecycle {
 public:
  Lifecycle(const Paths& paths, std::uint32_t keep_free_mib, const OwnedDirectories& directories,
            Workspaces& workspaces, Machines& machines, Sandboxes& sandboxes,
            const Descriptions& descriptions, const SnapshotStore& snapshots,
            const Networks& networks, Secrets& secrets, Garbage& garbage);

  api::Workspace handle(const api::CreateWorkspace& request, bus::Call& call);
  api::WorkspaceList handle(const api::ListWorkspaces& request, bus::Call& call);
  api::Workspace handle(const api::WorkspaceStatus& request, bus::Call& call);
  api::Workspace handle(const api::UpdateWorkspace& request, bus::Call& call);
  api::Workspace handle(const api::ResetWorkspace& request, bus::Call& call);
  api::Workspace handle(const api::StartWorkspace& request, bus::Call& call);
  api::Workspace handle(const api::StopWorkspace& request, bus::Call& call);
  api::DeletedWorkspace handle(const api::DeleteWorkspace& request, bus::Call& call);

  /// How long a workspace may be there: by its own rules, or no longer than this process at most.
  enum class Lifetime { kOwn, kOfThisService };
  api::Workspace create(const api::CreateWorkspace& request, const bus::Call& call,
                        Lifetime lifetime);

  /// Stops a workspace whose time is over, so that it is kept without being active: its record says
  /// so first, then its machine is set aside. Both within a turn of it.
  void expire(const std::string& workspace_id);
  void set_aside(const WorkspaceRecord& record);

  /// Removes all of a workspace. Called within a turn of it.
  enum class Ending { kDeleted, kExpired };
  void erase(const WorkspaceRecord& record, Ending ending);

 private:
  api::Workspace create(const api::CreateWorkspace& request, const SecretFile& secrets,
                        const bus::Call& call, Lifetime lifetime);
  void end_all(const WorkspaceRecord& record);
  /// Of a stopped one; the error of one that may start no more says what is left to do.
  api::Machine start_machine(const WorkspaceRecord& record, const api::Machine& stopped,
                             const Work& work);
  void swap_machine(const WorkspaceRecord& before, const api::ResetWorkspace& request,
                    const api::Snapshot& snapshot, const bus::Call& call,
                    const std::stop_token& stop);
  void reset_failed(const WorkspaceRecord& record, const std::string& why);

  const Paths& paths_;
  std::uint32_t keep_free_mib_;
  const OwnedDirectories& directories_;
  Workspaces& workspaces_;
  Machines& machines_;
  Sandboxes& sandboxes_;
  const Descriptions& descriptions_;
  const SnapshotStore& snapshots_;
  const Networks& networks_;
  Secrets& secrets_;
  Garbage& garbage_;
};

}  // namespace pyro::workspace
