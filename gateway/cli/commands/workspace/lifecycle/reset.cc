#include <memory>

#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

namespace pyro::cli {

void add_workspace_reset(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command(
      "reset", "Give a workspace a fresh sandbox with the files of a snapshot");
  command.footer =
      "Examples:\n"
      "  pyro workspace reset 0123456789ab\n"
      "  pyro workspace reset 0123456789ab --snapshot before-upgrade\n\n"
      "A reset discards processes, installed packages, /tmp and the command history. It keeps\n"
      "name, labels and snapshots.";
  auto request = std::make_shared<api::ResetWorkspace>();
  add_request_options(command, *request);
  add_call<api::ResetWorkspace>(command, session, request, reset_text);
}

}  // namespace pyro::cli
