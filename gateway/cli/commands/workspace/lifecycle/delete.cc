#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

namespace pyro::cli {

void add_workspace_delete(CliCommand& workspace, Session& session) {
  auto& command =
      workspace.add_command("delete", "End a workspace and remove it with its snapshots");
  command.footer =
      "Examples:\n  pyro workspace delete 0123456789ab\n\n"
      "Export what you want to keep first: pyro workspace export --help";
  add_plain_call<api::DeleteWorkspace>(command, session, deleted_text);
}

}  // namespace pyro::cli
