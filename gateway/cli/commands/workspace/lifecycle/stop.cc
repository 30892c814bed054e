#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

namespace pyro::cli {

void add_workspace_stop(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command("stop", "End a workspace's guest and keep its disks");
  command.footer =
      "Examples:\n  pyro workspace stop 0123456789ab\n\n"
      "A stopped workspace counts against the limit of active ones until it expires.";
  add_plain_call<api::StopWorkspace>(command, session, stopped_text);
}

}  // namespace pyro::cli
