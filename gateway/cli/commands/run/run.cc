#include "gateway/cli/commands/run/run.h"

#include <memory>

#include "common/api/machine.h"
#include "common/command_line/usage_error.h"
#include "gateway/cli/commands/workspace/network/allow_options.h"
#include "gateway/cli/guest/guest_command.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

namespace pyro::cli {

void add_run(CliCommand& root, Session& session) {
  auto& command = root.add_command("run", "Run one command in a fresh machine and delete it");
  command.footer =
      "Examples:\n"
      "  pyro run debian:12 -- git --version\n"
      "  pyro run debian:12 --mem-mib 2048 --timeout-seconds 120 -- sh -lc 'make && ./test'\n"
      "  pyro run debian:12 --json -- uname -a\n\n"
      "The exit status is the command's own; 124 when it ran out of time. On a terminal a last\n"
      "line says where it ran, how it ended and how long it took.";
  auto request = std::make_shared<api::RunMachine>();
  auto host_ca = std::make_shared<bool>(false);
  add_request_options(command, *request, {"command"});
  add_host_ca_flag(command, *host_ca);
  add_json_flag(command, session);
  command.words_example = "pyro run debian:12 -- git --version";
  command.action = [&session, &command, request, host_ca] {
    request->command = guest_command(command);
    if (*host_ca && !request->network) throw UsageError("--host-ca requires --network");
    if (*host_ca) {
      request->network_rules = {.kind = api::NetworkPolicy::kEgress, .host_ca = true};
    }
    return run_guest_command(session, *request);
  };
}

}  // namespace pyro::cli
