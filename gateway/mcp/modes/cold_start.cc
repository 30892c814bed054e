#include "gateway/mcp/modes/modes.h"

namespace pyro::mcp {

ToolSet cold_start() {
  return {
      .name = "cold-start",
      .tools = mode_tools({"workspace_reset", "service_list", "service_logs", "service_start",
                           "service_status", "service_stop"}),
      .words =
          {
              {"workspace_exec",
               "Runs one step of the project's set-up (install, build, check) as root in "
               "/workspace. Returns exit_code, stdout and stderr (long output cut in the "
               "middle). After timeout_seconds it is killed (exit_code 124): raise it for "
               "installs. A command that still runs after 45 s returns state running and a "
               "job_id: follow it with workspace_exec_poll."},
              {"workspace_reset",
               "Restores the untouched project in a fresh sandbox: no installed package, process "
               "or file of the attempt remains. Use it to prove that the steps you found work "
               "from nothing."},
          },
      .workflow =
          "Find out how a project is set up from nothing. "
          "1. workspace_create. "
          "2. workspace_file_read its README and manifests. "
          "3. workspace_exec step by step: install, build, check. "
          "4. service_start what the project serves, with a ready_…; service_logs when it fails; "
          "workspace_exec curl to try it. "
          "5. workspace_reset and run the steps that you found once more, to prove them. "
          "6. workspace_summary for the report; workspace_export for files; workspace_delete. ",
  };
}

}  // namespace pyro::mcp
