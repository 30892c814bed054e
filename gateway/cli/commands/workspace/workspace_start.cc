#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/workspace_text.h"

namespace pyro::cli {

void add_workspace_start(CLI::App& workspace, Session& session) {
  auto* command = workspace.add_subcommand("start", "Boot a stopped workspace again");
  command->footer(
      "Examples:\n  pyro workspace start 0123456789ab\n\n"
      "Everything on its disks and its history are as they were.");
  add_plain_call<api::StartWorkspace>(*command, session, started_text);
}

}  // namespace pyro::cli
