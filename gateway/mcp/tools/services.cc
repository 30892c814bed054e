#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "common/api/workspace_services.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

/// Of an answer's characters those that both streams of a log take.
constexpr std::size_t kMostLogged = 10'000;

void guests_only(const Toolbox& box, api::StartService& request) {
  request.guests_only = !box.options.allow_host_compat;
}

void tell_of_failure(const Toolbox&, const api::StartService&, Json& reply, bool) {
  if (reply["state"] != api::name_of(api::WorkspaceServiceState::kFailed)) return;
  add_hint(reply,
           "It failed, and nothing of it runs: failure says why and what it printed last. Correct "
           "the command or the ready_… and call service_start again.");
}

}  // namespace

std::vector<ToolRow> service_tools() {
  return {
      {.operation = operation<api::StartService>({.check = guests_only, .finish = tell_of_failure}),
       .name = "service_start",
       .effect = Effect::kChanges,
       .title = "Start a service",
       .text = "Starts a server or another long command under a name and waits until it is ready: "
               "give one of ready_tcp, ready_http, ready_file, ready_command. The command must "
               "stay in the foreground. Returns state running, or failed with the reason and its "
               "last output. Reach it from workspace_exec, with curl http://localhost:PORT for "
               "example. It runs until service_stop, a reset or a stop.",
       .full_schemas_only = {"published_ports", "secret_env"}},
      {.operation = operation<api::ListServices>(),
       .name = "service_list",
       .effect = Effect::kReads,
       .title = "List services",
       .text = "Lists the workspace's services with state, exit_code and why they ended."},
      {.operation = operation<api::WorkspaceServiceStatus>(),
       .name = "service_status",
       .effect = Effect::kReads,
       .title = "Show a service",
       .text = "Shows one service: state (running, stopped, exited, failed), ready_at, exit_code."},
      {.operation = operation<api::ServiceLogs>({.most_text = kMostLogged}),
       .name = "service_logs",
       .effect = Effect::kReads,
       .title = "Read what a service printed",
       .text = "Returns the last tail_lines lines of a service's stdout and stderr, also after its "
               "end (very long ones are cut in the middle; truncated: earlier output is left "
               "out)."},
      {.operation = operation<api::StopService>(),
       .name = "service_stop",
       .effect = Effect::kChanges,
       .title = "End a service",
       .text = "Ends a service with all its processes: TERM, and KILL after 5 s. Its log remains."},
  };
}

}  // namespace pyro::mcp
