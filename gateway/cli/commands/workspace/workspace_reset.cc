#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/workspace_text.h"

namespace pyro::cli {

void add_workspace_reset(CLI::App& workspace, Session& session) {
  auto* command = workspace.add_subcommand(
      "reset", "Make a workspace's sandbox anew, with the files of a snapshot");
  command->footer(
      "Examples:\n"
      "  pyro workspace reset 0123456789ab\n"
      "  pyro workspace reset 0123456789ab --snapshot before-upgrade\n\n"
      "Processes, installed packages, /tmp and the command history are gone afterwards. Name,\n"
      "labels and snapshots stay.");
  auto request = std::make_shared<api::ResetWorkspace>();
  api::add_options(*command, *request);
  add_call<api::ResetWorkspace>(*command, session, request, reset_text);
}

}  // namespace pyro::cli
