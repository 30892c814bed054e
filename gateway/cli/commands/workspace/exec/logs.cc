#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/exec/exec.h"
#include "gateway/cli/commands/workspace/exec/log_text.h"

namespace pyro::cli {

void add_workspace_logs(CliCommand& workspace, Session& session) {
  auto& command =
      workspace.add_command("logs", "Show the commands since the last reset with their output");
  command.footer =
      "Examples:\n  pyro workspace logs 0123456789ab\n"
      "  pyro workspace logs 0123456789ab --json\n\n"
      "Lines after `! ` are standard error; `-> ` says how the command ended.";
  add_plain_call<api::WorkspaceLogs>(command, session, [](const api::WorkspaceLog& log) {
    return log_text(log, now_epoch_seconds());
  });
}

}  // namespace pyro::cli
