#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/workspace_text.h"

namespace pyro::cli {

void add_workspace_stop(CLI::App& workspace, Session& session) {
  auto* command = workspace.add_subcommand("stop", "End a workspace's guest and keep its disks");
  command->footer(
      "Examples:\n  pyro workspace stop 0123456789ab\n\n"
      "A stopped workspace still expires, and counts against the limit of active ones.");
  add_plain_call<api::StopWorkspace>(*command, session, stopped_text);
}

}  // namespace pyro::cli
