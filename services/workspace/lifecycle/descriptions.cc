#include "services/workspace/lifecycle/descriptions.h"

#include <algorithm>

#include "common/api/message_table.h"
#include "common/log/log.h"
#include "common/stored_file/stored_file.h"

namespace pyro::workspace {
namespace {

constexpr const char* kFileName = "workspace.json";

}  // namespace

Descriptions::Descriptions(const OwnedDirectories& directories, Workspaces& workspaces,
                           SnapshotStore& snapshots)
    : directories_(directories), workspaces_(workspaces), snapshots_(snapshots) {
  for (const auto& record : workspaces_.table().all()) {
    if (directories_.owner_of_id(record.id()) == Owner::kOtherRegistry) {
      restore_snapshots(record.id());
    }
  }
  workspaces_.on_change([this](const std::string& workspace_id) { refresh(workspace_id); });
}

Descriptions::~Descriptions() { workspaces_.on_change({}); }

void Descriptions::write(const WorkspaceRecord& record) const {
  write(WorkspaceDescription{.record = record, .snapshots = {}});
}

void Descriptions::write(const WorkspaceDescription& description) const {
  replace_file(directories_.path_of(description.record.id()) / kFileName,
               api::to_json_text(description, 2) + "\n");
}

/// The change itself is made: a full disk does not undo it.
void Descriptions::refresh(const std::string& workspace_id) const {
  const std::lock_guard lock(mutex_);
  const auto record = workspaces_.table().get(workspace_id);
  if (!record || !is_real_directory(directories_.path_of(workspace_id))) return;
  try {
    WorkspaceDescription description{.record = *record,
                                     .snapshots = snapshots_.records(workspace_id)};
    keep_unreadable(description);
    write(description);
  } catch (const Error& error) {
    log::warn("workspace {} is not described anew: {}", workspace_id, error.message());
  }
}

/// Of a snapshot whose row cannot be read, what was said before is all that is known.
void Descriptions::keep_unreadable(WorkspaceDescription& description) const {
  const auto unreadable = snapshots_.unreadable(description.record.id());
  if (unreadable.empty()) return;
  const auto before = read(directories_.path_of(description.record.id()));
  if (!before) return;
  for (const auto& known : before->snapshots) {
    const auto& name = known.snapshot.snapshot_name;
    if (std::find(unreadable.begin(), unreadable.end(), name) == unreadable.end()) continue;
    description.snapshots.push_back(known);
  }
}

void Descriptions::restore_snapshots(const std::string& workspace_id) const {
  const auto description = read(directories_.path_of(workspace_id));
  if (!description) return;
  for (const SnapshotRecord& snapshot : description->snapshots) {
    if (snapshot.workspace_id == workspace_id) snapshots_.restore(snapshot);
  }
}

std::optional<WorkspaceDescription> Descriptions::read(const std::filesystem::path& directory) {
  auto description = read_record<WorkspaceDescription>(directory / kFileName);
  if (!description || description->record.id() != directory.filename().string()) {
    return std::nullopt;
  }
  return description;
}

}  // namespace pyro::workspace

PYRO_TABLE_ELSEWHERE(pyro::workspace::WorkspaceRecord)
PYRO_TABLE_ELSEWHERE(pyro::workspace::SnapshotRecord)
PYRO_TABLE(pyro::workspace::WorkspaceDescription)
