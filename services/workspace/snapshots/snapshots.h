#pragma once

#include <string>

#include "common/api/workspace_snapshots.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "common/config/paths.h"
#include "common/registry/registry.h"
#include "services/workspace/part.h"
#include "services/workspace/snapshots/snapshot_store.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Named states of workspaces, which a reset brings back. The files service copies the volumes.
class Snapshots final : public Part {
 public:
  Snapshots(Registry& registry, const Paths& paths, std::uint32_t keep_free_mib,
            Workspaces& workspaces, bus::Client& files);

  api::CreatedSnapshot handle(const api::CreateSnapshot& request, bus::Call& call);
  api::DeletedSnapshot handle(const api::DeleteSnapshot& request, bus::Call& call);
  api::SnapshotList handle(const api::ListSnapshots& request, bus::Call& call);

  SnapshotStore& store() { return store_; }

  void collect_garbage(const WorkspaceRecord& record) override { store_.collect_garbage(record); }
  void forget(const std::string& workspace_id) override { store_.forget(workspace_id); }

 private:
  void require_room(const std::string& workspace_id) const;

  Paths paths_;
  std::uint32_t keep_free_mib_;
  Workspaces& workspaces_;
  bus::Client& files_;
  SnapshotStore store_;
};

}  // namespace pyro::workspace
