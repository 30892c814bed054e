#include "gateway/cli/notes.h"

#include <fmt/core.h>

#include <cstdio>

#include "common/network/denied_text.h"
#include "gateway/cli/text/human.h"

namespace pyro::cli {

std::string host_compat_note(api::ExecutionMode mode) {
  if (mode != api::ExecutionMode::kHostCompat) return "";
  return "note: this ran on the host itself (host_compat), without a guest's isolation";
}

std::string run_note(const api::MachineExecResult& result) {
  return fmt::format("{}, exit {} after {}", api::name_of(result.execution_mode), result.exit_code,
                     human_milliseconds(result.duration_ms));
}

std::string cancelled_note(api::JobState state) {
  return state == api::JobState::kCancelled ? "note: the command was cancelled" : "";
}

std::string denied_note(const api::WorkspaceExecResult& result) {
  const std::string text = network::denied_text(result.workspace_id, result.egress_denied);
  return text.empty() ? "" : "note: " + text;
}

std::string expiry_note(const api::Workspace& workspace, double now) {
  const double left = workspace.expires_at - now;
  if (workspace.deleted_at || left <= 0) return "";
  if (left >= api::kLastPartOfLife * workspace.ttl_seconds) return "";
  return expiry_note(workspace.workspace_id, workspace.expires_at, workspace.on_expiry, now);
}

std::string expiry_note(const std::string& workspace_id, double expires_at,
                        std::optional<api::ExpiryAction> action, double now) {
  const std::string left = human_duration(expires_at - now);
  if (action == api::ExpiryAction::kDelete) {
    return fmt::format("note: workspace {} is deleted in {} without activity", workspace_id, left);
  }
  return fmt::format(
      "note: workspace {0} expires in {1} without activity; `pyro workspace start {0}` brings it "
      "back",
      workspace_id, left);
}

void note(const std::string& line) {
  if (!line.empty()) fmt::print(stderr, "{}\n", line);
}

}  // namespace pyro::cli
