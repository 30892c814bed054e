#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

namespace pyro::cli {

void add_workspace_start(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command("start", "Boot a stopped or expired workspace again");
  command.footer =
      "Examples:\n  pyro workspace start 0123456789ab\n\n"
      "Its disks and its history are unchanged.";
  add_plain_call<api::StartWorkspace>(command, session, started_text);
}

}  // namespace pyro::cli
