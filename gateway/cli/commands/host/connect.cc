#include <memory>

#include "gateway/cli/commands/host/host.h"
#include "gateway/cli/commands/host/host_flags.h"

namespace pyro::cli {

void add_host_connect(CliCommand& host, Session& session) {
  auto& command = host.add_command("connect", "Give a chat host the server pyro");
  command.footer =
      "Examples:\n"
      "  pyro host connect claude-code\n"
      "  pyro host connect codex --mode repro-fix\n"
      "  pyro host connect opencode --environment debian:12-build\n"
      "  pyro host connect claude-code --deny-host-tools\n\n"
      "Writes one entry into the user's own settings of the host, in the place of an older one,\n"
      "and leaves everything else as it is. Claude Code's settings are changed by its own "
      "program.\n"
      "--deny-host-tools also writes a file in the project that holds the current directory;\n"
      "`pyro host disconnect` takes it back. Sessions that run see none of it.";
  auto flags = std::make_shared<HostFlags>();
  add_host_name(command, *flags);
  add_entry_flags(command, *flags);
  add_config_path(command, *flags);
  add_deny_host_tools(command, *flags);
  add_json_flag(command, session);
  command.action = [&session, &command, flags] {
    const auto here = host_surroundings(session);
    check_flags(*flags, here);
    auto change = host_of(*flags).put({.entry = entry_for(session, command, *flags, std::nullopt),
                                       .config_path = flags->config_path},
                                      here);
    deny_if_asked(session, *flags, here, change);
    print_change(session, change);
    return 0;
  };
}

}  // namespace pyro::cli
