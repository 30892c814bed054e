#include "services/workspace/lifecycle/adoption.h"

#include <algorithm>

#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/ownership/claim.h"

namespace pyro::workspace {

WorkspaceAdoption::WorkspaceAdoption(std::filesystem::path state_dir,
                                     const OwnedDirectories& directories, Workspaces& workspaces,
                                     SnapshotStore& snapshots, Garbage& garbage)
    : state_dir_(std::move(state_dir)),
      directories_(directories),
      workspaces_(workspaces),
      snapshots_(snapshots),
      garbage_(garbage) {}

api::Adoption WorkspaceAdoption::handle(const api::AdoptWorkspaces& request, bus::Call&) {
  const auto& wanted = request.workspace_ids;
  api::Adoption adoption;
  for (const auto& stray : directories_.strays(former_registries(state_dir_))) {
    const std::string workspace_id = stray.directory.filename().string();
    api::StrayDirectory told{.id = workspace_id,
                             .directory = stray.directory.string(),
                             .why = stray.obstacle.value_or("its registry was lost")};
    auto description = stray.obstacle ? std::nullopt : Descriptions::read(stray.directory);
    if (description) {
      told.workspace_id = workspace_id;
    } else if (!stray.obstacle) {
      told.why = "its registry was lost, and its workspace.json is missing or damaged";
    }
    if (!description || std::find(wanted.begin(), wanted.end(), workspace_id) == wanted.end()) {
      adoption.strays.push_back(std::move(told));
    } else if (adopt(std::move(*description))) {
      adoption.adopted.push_back(workspace_id);
    }
  }
  workspaces_.expiry_changed();
  garbage_.wake();
  return adoption;
}

/// The marker goes last: with this registry's and without a record it would be garbage. Killed
/// before it, the collector of the next start writes it.
bool WorkspaceAdoption::adopt(WorkspaceDescription description) {
  WorkspaceRecord& record = description.record;
  const std::string workspace_id = record.id();
  const auto state = workspaces_.live(workspace_id);
  const auto turn = state->turns.begin({});
  if (record.throwaway) {
    directories_.mark(workspace_id);
    return false;
  }
  if (!workspaces_.table().get(workspace_id)) {
    for (SnapshotRecord& snapshot : description.snapshots) {
      snapshot.workspace_id = workspace_id;
      snapshots_.restore(snapshot);
    }
    fault::point("workspace.adopt.snapshots");
    ++record.session;  // of the commands until then there is no history
    record.must_stop = false;
    record.workspace.last_error.reset();
    mark_active(record);
    workspaces_.table().add(record);
    fault::point("workspace.adopt.recorded");
  }
  directories_.mark(workspace_id);
  workspaces_.changed(workspace_id);
  log::info("workspace {} has a record again", workspace_id);
  return true;
}

}  // namespace pyro::workspace
