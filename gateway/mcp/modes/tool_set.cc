#include "gateway/mcp/modes/tool_set.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/text.h"
#include "gateway/mcp/modes/modes.h"

namespace pyro::mcp {
namespace {

constexpr std::string_view kJobs =
    "A command that runs longer than 45 s returns state running and a job_id and continues: "
    "follow it with workspace_exec_poll, end it with workspace_exec_cancel. ";
constexpr std::string_view kLimits =
    "Workspaces are deleted ttl_seconds (600 unless you say more) after the last command or "
    "change; looking at them does not count. ";
constexpr std::string_view kOnErrors = "On an error read its text: it says what to do next.";

ToolSet of(ServerMode mode) {
  switch (mode) {
    case ServerMode::kReproFix:
      return repro_fix();
    case ServerMode::kInspect:
      return inspect();
    case ServerMode::kColdStart:
      return cold_start();
    case ServerMode::kReviewEval:
      return review_eval();
  }
  return {};
}

ToolSet of(ServerProfile profile) {
  switch (profile) {
    case ServerProfile::kVmRun:
      return vm_run();
    case ServerProfile::kWorkspaceCore:
      return workspace_core();
    case ServerProfile::kWorkspaceFull:
      return workspace_full();
  }
  return {};
}

}  // namespace

std::vector<std::string_view> mode_tools(std::initializer_list<std::string_view> more) {
  std::vector<std::string_view> tools = {
      "workspace_create",    "workspace_delete",    "workspace_exec",   "workspace_exec_poll",
      "workspace_export",    "workspace_file_list", "workspace_list",   "workspace_exec_cancel",
      "workspace_file_read", "workspace_logs",      "workspace_status", "workspace_summary",
      "workspace_start",     "workspace_update"};
  tools.insert(tools.end(), more);
  return tools;
}

bool ToolSet::has(std::string_view tool) const {
  return everything || std::find(tools.begin(), tools.end(), tool) != tools.end();
}

std::optional<std::string_view> ToolSet::words_for(std::string_view tool) const {
  for (const Words& differing : words) {
    if (differing.tool == tool) return differing.text;
  }
  return std::nullopt;
}

ToolSet tool_set(const ServerOptions& options) {
  return options.mode ? of(*options.mode) : of(options.profile);
}

std::string instructions_of(const ToolSet& set, const Setting& setting) {
  std::string text(set.workflow);
  if (!set.has("workspace_create")) {
    text += ServerNetwork::sentence(setting.network, "Machines", 200);
  } else {
    text += kJobs;
    text += seeded(setting, 400);
    text += fmt::format("Default environment: {}. ", without_middle(setting.environment, 100));
    text += ServerNetwork::sentence(setting.network, "Workspaces", 200);
    text += kLimits;
  }
  return text.append(kOnErrors);
}

}  // namespace pyro::mcp
