#include "services/workspace/summary.h"

#include "common/base/error.h"

namespace pyro::workspace {
namespace {

constexpr std::size_t kRecent = 10;
constexpr std::size_t kMostEntries = 50;

template <class T>
std::vector<T> first_of(std::vector<T> all, std::size_t count) {
  if (all.size() > count) all.resize(count);
  return all;
}

api::SummaryChanges changes_of(Workspaces& workspaces, const api::Workspace& workspace,
                               const bus::Call& call) {
  if (workspace.state != api::MachineState::kStarted) {
    return {.reason = fmt::format("the workspace is {}", api::name_of(workspace.state))};
  }
  try {
    api::Diff diff =
        workspaces.read(api::DiffWorkspace{.workspace_id = workspace.workspace_id}, call);
    api::SummaryChanges changes{.available = true,
                                .changed = diff.changed,
                                .summary = diff.summary,
                                .entries = first_of(std::move(diff.entries), kMostEntries)};
    for (auto& entry : changes.entries) entry.text_patch.reset();
    return changes;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    return {.reason = error.message()};
  }
}

}  // namespace

api::WorkspaceSummary summarize(Workspaces& workspaces, const std::string& workspace_id,
                                const bus::Call& call) {
  const api::Workspace workspace = workspaces.status(workspace_id, call);
  const WorkspaceRecord record = workspaces.find(workspace_id);
  const auto named = workspaces.snapshot_store().named(record);
  const auto exports = workspaces.reviews().exports(record);
  api::WorkspaceSummary summary{
      .workspace_id = workspace_id,
      .name = workspace.name,
      .labels = workspace.labels,
      .environment = workspace.environment,
      .state = workspace.state,
      .last_activity_at = workspace.last_activity_at,
      .session_started_at = record.session_started_at,
      .outcome = {.command_count = workspace.command_count,
                  .last_command = workspace.last_command,
                  .export_count = static_cast<std::uint32_t>(exports.size()),
                  .snapshot_count = static_cast<std::uint32_t>(named.size()),
                  .reset_count = workspace.reset_count},
      .commands = {.total = workspace.command_count},
      .edits = {.recent = first_of(workspaces.reviews().edits(record), kRecent)},
      .changes = changes_of(workspaces, workspace, call),
      .artifacts = {.exports = exports},
      .snapshots = {.named_count = static_cast<std::uint32_t>(named.size()),
                    .recent = first_of(named, kRecent)}};
  for (const auto& command : workspaces.journal().recent(record, kRecent)) {
    summary.commands.recent.push_back(command.summary());
  }
  return summary;
}

}  // namespace pyro::workspace
