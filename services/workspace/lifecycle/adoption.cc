#include "services/workspace/lifecycle/adoption.h"

#include <algorithm>

#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/ownership/claim.h"

namespace pyro::workspace {

WorkspaceAdoption::WorkspaceAdoption(std::filesystem::path state_dir, Registry& registry,
                                     const OwnedDirectories& directories, Workspaces& workspaces,
                                     const Descriptions& descriptions, Garbage& garbage)
    : state_dir_(std::move(state_dir)),
      registry_(registry),
      directories_(directories),
      workspaces_(workspaces),
      descriptions_(descriptions),
      garbage_(garbage) {}

api::Adoption WorkspaceAdoption::handle(const api::AdoptWorkspaces& request, bus::Call&) {
  const auto& wanted = request.workspace_ids;
  const auto is_wanted = [&wanted](const std::string& workspace_id) {
    return std::find(wanted.begin(), wanted.end(), workspace_id) != wanted.end();
  };
  api::Adoption adoption;
  const auto take = [&](api::StrayDirectory told, std::optional<WorkspaceDescription> description) {
    if (description) told.workspace_id = told.id;
    if (!description || !is_wanted(told.id)) {
      adoption.strays.push_back(std::move(told));
    } else if (adopt(std::move(*description))) {
      adoption.adopted.push_back(told.id);
    }
  };
  for (const auto& stray : directories_.strays(former_registries(state_dir_))) {
    api::StrayDirectory told{.id = stray.directory.filename().string(),
                             .directory = stray.directory.string(),
                             .why = stray.obstacle.value_or("its registry was lost")};
    auto description = stray.obstacle ? std::nullopt : Descriptions::read(stray.directory);
    if (!description && !stray.obstacle) {
      told.why = "its registry was lost, and its workspace.json is missing or damaged";
    }
    take(std::move(told), std::move(description));
  }
  for (const auto& workspace_id : workspaces_.table().ids()) {
    const auto directory = directories_.path_of(workspace_id);
    if (workspaces_.table().is_unreadable(workspace_id)) {
      take(
          {.id = workspace_id, .directory = directory.string(), .why = "its record cannot be read"},
          Descriptions::read(directory));
    } else if (is_wanted(workspace_id)) {
      descriptions_.restore_snapshots(workspace_id);
    }
  }
  adoption.unreadable =
      request.drop_unreadable
          ? registry_.drop_unreadable({WorkspaceTable::kName, SnapshotStore::kTable})
          : registry_.unreadable();
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
    descriptions_.restore_snapshots(workspace_id);
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
