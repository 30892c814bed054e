#include "services/workspace/snapshots/snapshots.h"

#include <filesystem>
#include <utility>

#include "common/api/files.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "common/disk/free_space.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {

Snapshots::Snapshots(Registry& registry, const Paths& paths, std::uint32_t keep_free_mib,
                     Workspaces& workspaces, bus::Client& files)
    : paths_(paths),
      keep_free_mib_(keep_free_mib),
      workspaces_(workspaces),
      files_(files),
      store_(registry, paths) {
  workspaces_.add(*this);
}

void Snapshots::require_room(const std::string& workspace_id) const {
  require_free_disk(paths_.state_dir, keep_free_mib_);
  const std::uint64_t most = std::uint64_t{workspaces_.config().snapshots_gib} << 30U;
  const std::uint64_t used = disk_usage(WorkspacePaths(paths_, workspace_id).snapshots());
  if (used < most) return;
  throw resource_exhausted(
      reason::kSnapshotsFull,
      "the snapshots of workspace '{}' take {} of the host's disk, and may take {} "
      "(workspace.snapshots_gib): delete one first",
      workspace_id, human_size(used), human_size(most));
}

api::CreatedSnapshot Snapshots::handle(const api::CreateSnapshot& request, bus::Call& call) {
  require_room(request.workspace_id);
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto turn = use.turns().begin(call.stop());
  const auto started = workspaces_.require_started(request.workspace_id,
                                                   api::CreateSnapshot::kMethod.name, call.work());
  const Work work = call.work().stopped_by(turn->stop());
  const auto copy = [&](const std::filesystem::path& volume) {
    return files_.call(api::CopyVolume{.vm_id = started.machine.vm_id, .volume = volume.string()},
                       work);
  };
  const bool is_guest = started.machine.execution_mode != api::ExecutionMode::kHostCompat;
  api::CreatedSnapshot created;
  created.snapshot = turn->run(
      [&] { return store_.create(started.record, request.snapshot_name, is_guest, copy); });
  workspaces_.changed(request.workspace_id);
  workspaces_.table().touch(request.workspace_id);
  return workspaces_.about(request.workspace_id, std::move(created));
}

api::DeletedSnapshot Snapshots::handle(const api::DeleteSnapshot& request, bus::Call& call) {
  const Registry::Urgent urgent;
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto turn = use.turns().begin(call.stop());
  store_.remove(workspaces_.table().find(request.workspace_id), request.snapshot_name);
  workspaces_.changed(request.workspace_id);
  workspaces_.table().touch(request.workspace_id);
  return workspaces_.about(
      request.workspace_id,
      api::DeletedSnapshot{.snapshot_name = request.snapshot_name, .deleted = true});
}

api::SnapshotList Snapshots::handle(const api::ListSnapshots& request, bus::Call&) {
  api::SnapshotList list{.snapshots = store_.all(workspaces_.find(request.workspace_id))};
  list.count = static_cast<std::uint32_t>(list.snapshots.size());
  return workspaces_.about(request.workspace_id, std::move(list));
}

}  // namespace pyro::workspace
