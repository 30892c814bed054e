#include "common/api/cli_options.h"
#include "common/api/machine.h"
#include "gateway/cli/commands/commands.h"
#include "gateway/cli/guest_command.h"

namespace pyro::cli {

void add_run(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("run", "Run one command in a fresh machine and delete it");
  command->footer(
      "Examples:\n"
      "  pyro run debian:12 -- git --version\n"
      "  pyro run debian:12 --mem-mib 2048 --timeout-seconds 120 -- sh -lc 'make && ./test'\n"
      "  pyro run debian:12 --json -- uname -a\n\n"
      "The exit status is the command's own; 124 when it ran out of time.");
  auto request = std::make_shared<api::RunMachine>();
  api::add_options(*command, *request, {"command"});
  add_json_flag(*command, session);
  add_guest_command(*command, session, "pyro run debian:12 -- git --version");
  command->callback([&session, command, request] {
    session.action = [&session, command, request] {
      request->command = guest_command(*command, session);
      return run_guest_command(session, *request);
    };
  });
}

}  // namespace pyro::cli
