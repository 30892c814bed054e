#include "gateway/mcp/tools/tool_set.h"

#include "common/api/field.h"

namespace pyro::mcp {
namespace {

using Names = std::set<std::string_view>;

/// What every mode has.
const Names kModeTools = {"workspace_create",      "workspace_delete",    "workspace_exec",
                          "workspace_exec_poll",   "workspace_export",    "workspace_file_list",
                          "workspace_exec_cancel", "workspace_file_read", "workspace_list",
                          "workspace_logs",        "workspace_summary",   "workspace_status",
                          "workspace_update"};

Names of(ServerMode mode) {
  switch (mode) {
    case ServerMode::kReproFix:
      return {"workspace_diff", "workspace_file_write", "workspace_patch_apply", "workspace_reset",
              "workspace_sync_push"};
    case ServerMode::kInspect:
      return {};
    case ServerMode::kColdStart:
      return {"workspace_reset", "service_list",   "service_logs",
              "service_start",   "service_status", "service_stop"};
    case ServerMode::kReviewEval:
      return {"workspace_diff", "workspace_reset", "shell_open",  "shell_read",
              "shell_write",    "shell_signal",    "shell_close", "snapshot_create",
              "snapshot_list",  "snapshot_delete"};
  }
  return {};
}

Names of(ServerProfile profile) {
  Names names = {"vm_run"};
  if (profile == ServerProfile::kWorkspaceCore) {
    names.merge(Names(kModeTools));
    names.merge(of(ServerMode::kReproFix));
  }
  return names;
}

}  // namespace

ToolSet::ToolSet(const ServerOptions& options)
    : name_(options.mode ? api::name_of(*options.mode) : api::name_of(options.profile)),
      mode_(options.mode),
      everything_(!options.mode && options.profile == ServerProfile::kWorkspaceFull),
      tools_(options.mode ? of(*options.mode) : of(options.profile)) {
  if (mode_) tools_.merge(Names(kModeTools));
}

bool ToolSet::has(std::string_view tool) const { return everything_ || tools_.contains(tool); }

}  // namespace pyro::mcp
