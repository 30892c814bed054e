#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/guest_command.h"

namespace pyro::cli {

void add_workspace_exec(CLI::App& workspace, Session& session) {
  auto* command = workspace.add_subcommand("exec", "Run a command in a workspace");
  command->footer(
      "Examples:\n"
      "  pyro workspace exec 0123456789ab -- git status\n"
      "  pyro workspace exec 0123456789ab --timeout-seconds 600 -- sh -c 'make && ./test'\n"
      "  pyro workspace exec 0123456789ab --json -- uname -a\n\n"
      "It begins in /workspace. The exit status is the command's own; 124 when it ran out of "
      "time.\n"
      "Ctrl-C ends the command; the workspace stays.");
  auto request = std::make_shared<api::ExecWorkspace>();
  api::add_options(*command, *request, {"command"});
  add_json_flag(*command, session);
  add_guest_command(*command, session, "pyro workspace exec 0123456789ab -- git status");
  command->callback([&session, command, request] {
    session.action = [&session, command, request] {
      request->command = guest_command(*command, session);
      return run_guest_command(session, *request);
    };
  });
}

}  // namespace pyro::cli
