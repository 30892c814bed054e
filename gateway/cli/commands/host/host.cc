#include "gateway/cli/commands/host/host.h"

#include "common/command_line/command.h"

namespace pyro::cli {

void add_host(CliCommand& root, Session& session) {
  auto& host = root.add_command("host", "Connect Claude Code, Codex, OpenCode and others to pyro");
  host.needs_command = true;
  host.footer =
      "Examples:\n"
      "  pyro host connect claude-code\n"
      "  pyro host doctor\n"
      "  pyro host repair codex\n"
      "  pyro host print-config cursor\n"
      "  pyro host disconnect opencode";
  add_host_connect(host, session);
  add_host_print_config(host, session);
  add_host_doctor(host, session);
  add_host_repair(host, session);
  add_host_disconnect(host, session);
}

}  // namespace pyro::cli
