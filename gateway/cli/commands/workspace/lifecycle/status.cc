#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

namespace pyro::cli {

void add_workspace_status(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command("status", "Show the state of a workspace");
  command.footer =
      "Examples:\n  pyro workspace status 0123456789ab\n"
      "  pyro workspace status 0123456789ab --json";
  add_plain_call<api::WorkspaceStatus>(command, session, [](const api::Workspace& reply) {
    return status_text(reply, now_epoch_seconds());
  });
}

}  // namespace pyro::cli
