#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

namespace pyro::cli {

void add_workspace_list(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command("list", "List the workspaces");
  command.footer = "Examples:\n  pyro workspace list\n  pyro workspace list --json";
  add_plain_call<api::ListWorkspaces>(command, session, [](const api::WorkspaceList& list) {
    return list_text(list, now_epoch_seconds());
  });
}

}  // namespace pyro::cli
