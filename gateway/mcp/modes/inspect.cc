#include "gateway/mcp/modes/modes.h"

namespace pyro::mcp {

ToolSet inspect() {
  return {
      .name = "inspect",
      .tools = mode_tools({}),
      .words =
          {
              {"workspace_exec",
               "Runs a command that looks at the code (git log, grep, a build, a test) as root "
               "in /workspace. Returns exit_code, stdout and stderr (long output cut in the "
               "middle). After timeout_seconds it is killed (exit_code 124). A command that "
               "still runs after 45 s returns state running and a job_id: follow it with "
               "workspace_exec_poll."},
              {"workspace_export",
               "Copies a file or directory of /workspace, such as a report you wrote there, to "
               "output_path on the host, which must not exist yet."},
          },
      .workflow =
          "Study a repository in a disposable microVM without a risk to the host. "
          "1. workspace_create. "
          "2. workspace_exec (git log, grep, builds, tests), workspace_file_list and "
          "workspace_file_read. "
          "3. Report what you found; workspace_export copies a report file to the host. "
          "4. workspace_delete. ",
  };
}

}  // namespace pyro::mcp
