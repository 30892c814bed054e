#include "services/workspace/summary/summary.h"

#include <fmt/core.h>

#include <utility>
#include <vector>

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

}  // namespace

/// Far more than the entries that are shown.
constexpr std::uint32_t kDiffBytes = 1U << 20U;

api::SummaryChanges Summary::changes_of(const api::Workspace& workspace, bus::Call& call) {
  if (workspace.state != api::WorkspaceState::kStarted) {
    return {.reason = fmt::format("the workspace is {}", api::name_of(workspace.state))};
  }
  try {
    api::Diff diff = files_.handle(
        api::DiffWorkspace{.workspace_id = workspace.workspace_id, .page_bytes = kDiffBytes}, call);
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

api::WorkspaceSummary Summary::handle(const api::SummarizeWorkspace& request, bus::Call& call) {
  const WorkspaceRecord record = workspaces_.find(request.workspace_id);
  const api::Workspace workspace = workspaces_.describe(record, call.work());
  const auto named = snapshots_.named(record);
  const auto exports = reviews_.exports(record);
  api::WorkspaceSummary summary{
      .session_started_at = record.session_started_at,
      .outcome = {.export_count = static_cast<std::uint32_t>(exports.size()),
                  .snapshot_count = static_cast<std::uint32_t>(named.size())},
      .commands = {.total = workspace.command_count},
      .edits = {.recent = first_of(reviews_.edits(record), kRecent)},
      .changes = changes_of(workspace, call),
      .artifacts = {.exports = exports},
      .snapshots = {.named_count = static_cast<std::uint32_t>(named.size()),
                    .recent = first_of(named, kRecent)}};
  summary.services = {.current = services_.all(record),
                      .recent = first_of(reviews_.services(record), kRecent)};
  api::assign_fields(summary, workspace);
  api::assign_fields(summary.outcome, workspace);
  summary.shells.current = shells_.all(record);
  for (const auto& command : journal_.recent(record, kRecent)) {
    summary.commands.recent.push_back(command.summary());
  }
  return workspaces_.about(request.workspace_id, std::move(summary));
}

}  // namespace pyro::workspace
