#include <fmt/core.h>

#include <memory>

#include "gateway/cli/commands/host/host.h"
#include "gateway/cli/commands/host/host_flags.h"
#include "host-helpers/hosts/host_tools.h"

namespace pyro::cli {

void add_host_disconnect(CliCommand& host, Session& session) {
  auto& command = host.add_command("disconnect", "Take the server pyro from a chat host");
  command.footer =
      "Examples:\n"
      "  pyro host disconnect claude-code\n"
      "  pyro host disconnect codex --json\n\n"
      "Removes the entry from the user's own settings, and gives back the tools that\n"
      "--deny-host-tools took from the host, in all projects.";
  auto flags = std::make_shared<HostFlags>();
  add_host_name(command, *flags);
  add_config_path(command, *flags);
  add_json_flag(command, session);
  command.action = [&session, flags] {
    const auto here = host_surroundings(session);
    const auto& chosen = host_of(*flags);
    auto change = chosen.take_out(flags->config_path, here);
    for (const auto& file :
         hosts::give_back_host_tools(chosen, denied_tools_record(session), change.details)) {
      change.changed = true;
      change.host_tools_files.push_back(file.string());
    }
    print_change(session, change);
    return 0;
  };
}

}  // namespace pyro::cli
