#include "services/workspace/snapshots/snapshot_store.h"

#include <algorithm>
#include <set>

#include "common/api/message_table.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "common/fault/fault.h"
#include "services/workspace/names.h"
#include "services/workspace/snapshots/volume_check.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBaseline = "baseline";

std::string snapshot_row(const WorkspaceRecord& workspace, const std::string& name) {
  return workspace.id() + "/" + name;
}

api::Snapshot baseline_of(const WorkspaceRecord& workspace) {
  return {workspace.workspace.workspace_seed, std::string(kBaseline), api::SnapshotKind::kBaseline,
          workspace.workspace.created_at, false};
}

Error missing(const WorkspaceRecord& workspace, const std::string& name) {
  return not_found(reason::kSnapshotMissing, "snapshot '{}' does not exist in workspace '{}'",
                   printable(name), workspace.id());
}

/// `x` of the row `WORKSPACE/x`.
std::string name_of_row(std::string_view row) { return std::string(row.substr(row.find('/') + 1)); }

}  // namespace

api::Snapshot SnapshotStore::create(const WorkspaceRecord& workspace, const std::string& name,
                                    bool is_foreign,
                                    const std::function<api::TreeSize(const fs::path&)>& copy) {
  check_identifier("snapshot_name", name);
  if (name == kBaseline || rows_.contains(snapshot_row(workspace, name))) {
    throw already_exists(reason::kExists, "snapshot '{}' already exists", name);
  }
  const WorkspacePaths files(paths_, workspace.id());
  make_private_directory(files.snapshots());
  const fs::path volume = files.snapshot(name);
  fs::remove(volume);  // of one whose row was never written, or went first
  const api::TreeSize size = copy(volume);
  fault::point("workspace.snapshot.copied");
  const api::Snapshot snapshot{size, name, api::SnapshotKind::kNamed, now_epoch_seconds()};
  rows_.put(snapshot_row(workspace, name), {workspace.id(), snapshot, is_foreign});
  return snapshot;
}

void SnapshotStore::restore(const SnapshotRecord& record) {
  const WorkspacePaths files(paths_, record.workspace_id);
  const std::string& name = record.snapshot.snapshot_name;
  check_identifier("snapshot_name", name);
  const std::string row = record.workspace_id + "/" + name;
  if (fs::exists(files.snapshot(name)) && !rows_.find_readable(row)) rows_.put(row, record);
}

std::vector<std::string> SnapshotStore::unreadable(const std::string& workspace_id) const {
  std::vector<std::string> names;
  for (const auto& row : rows_.last_ids_below(workspace_id + "/")) {
    if (!rows_.find_readable(row)) names.push_back(name_of_row(row));
  }
  return names;
}

void SnapshotStore::remove(const WorkspaceRecord& workspace, const std::string& name) {
  if (name == kBaseline) throw failed_precondition("cannot delete the baseline snapshot");
  if (!rows_.contains(snapshot_row(workspace, name))) throw missing(workspace, name);
  rows_.erase(snapshot_row(workspace, name));
  fault::point("workspace.snapshot_delete.record_gone");
  fs::remove(volume_of(workspace, name));
}

api::Snapshot SnapshotStore::find(const WorkspaceRecord& workspace, const std::string& name) const {
  if (name == kBaseline) return baseline_of(workspace);
  return find_record(workspace, name).snapshot;
}

SnapshotRecord SnapshotStore::find_record(const WorkspaceRecord& workspace,
                                          const std::string& name) const {
  if (auto record = rows_.get(snapshot_row(workspace, name))) return std::move(*record);
  throw missing(workspace, name);
}

bool SnapshotStore::is_foreign(const WorkspaceRecord& workspace, const std::string& name) const {
  return name != kBaseline && find_record(workspace, name).is_foreign;
}

api::Snapshot SnapshotStore::find_whole(const WorkspaceRecord& workspace,
                                        const std::string& name) const {
  api::Snapshot snapshot = find(workspace, name);
  const fs::path volume = volume_of(workspace, name);
  if (name == kBaseline) {
    require_baseline(workspace, volume);
  } else if (!is_whole_volume(volume)) {
    throw failed_precondition(reason::kVolumeLost,
                              "the volume of snapshot '{}' is missing or damaged: delete the "
                              "snapshot; workspace {} itself is unchanged",
                              name, workspace.id());
  }
  return snapshot;
}

std::vector<std::string> SnapshotStore::lost(const WorkspaceRecord& workspace) const {
  std::vector<std::string> names;
  for (auto& snapshot : all(workspace)) {
    if (is_whole_volume(volume_of(workspace, snapshot.snapshot_name))) continue;
    names.push_back(std::move(snapshot.snapshot_name));
  }
  for (auto& name : unreadable(workspace.id())) names.push_back(std::move(name));
  return names;
}

fs::path SnapshotStore::volume_of(const WorkspaceRecord& workspace, const std::string& name) const {
  const WorkspacePaths files(paths_, workspace.id());
  return name == kBaseline ? files.baseline() : files.snapshot(name);
}

std::vector<api::Snapshot> SnapshotStore::named(const WorkspaceRecord& workspace) const {
  std::vector<api::Snapshot> found;
  for (auto& record : records(workspace.id())) {
    found.push_back(std::move(record.snapshot));
  }
  std::sort(found.begin(), found.end(), [](const api::Snapshot& a, const api::Snapshot& b) {
    return a.created_at > b.created_at;
  });
  return found;
}

std::vector<api::Snapshot> SnapshotStore::all(const WorkspaceRecord& workspace) const {
  std::vector<api::Snapshot> found = named(workspace);
  found.push_back(baseline_of(workspace));
  std::reverse(found.begin(), found.end());
  return found;
}

void SnapshotStore::collect_garbage(const WorkspaceRecord& workspace) {
  const WorkspacePaths files(paths_, workspace.id());
  std::set<fs::path> known;
  for (const auto& row : rows_.last_ids_below(workspace.id() + "/")) {
    known.insert(files.snapshot(name_of_row(row)));
  }
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(files.snapshots(), none)) {
    if (!known.contains(entry.path())) fs::remove(entry.path(), none);
  }
}

}  // namespace pyro::workspace

PYRO_TABLE(pyro::workspace::SnapshotRecord)
