#include <memory>

#include "gateway/cli/commands/host/host.h"
#include "gateway/cli/commands/host/host_flags.h"

namespace pyro::cli {
namespace {

/// The entry that the host follows now, as far as it can be read.
std::optional<hosts::Entry> recorded_entry(const HostFlags& flags,
                                           const hosts::Surroundings& here) {
  const auto& host = host_of(flags);
  auto places = host.places(here, flags.config_path);
  // What a project's file says is no reason to write it into the user's.
  std::erase_if(places, [](const hosts::Place& place) { return !place.owned; });
  hosts::read_places(host.syntax(), places);
  const auto found = hosts::entry_in_force(host, places);
  return found ? std::optional(host.entry_of(*found)) : std::nullopt;
}

}  // namespace

void add_host_repair(CliCommand& host, Session& session) {
  auto& command = host.add_command("repair", "Mend the entry of a chat host");
  command.footer =
      "Examples:\n"
      "  pyro host repair codex\n"
      "  pyro host repair claude-code --mode inspect\n"
      "  pyro host repair opencode --config-path ~/src/parser/opencode.json\n\n"
      "Without flags of a server, those of the entry stay. A settings file of Codex or OpenCode\n"
      "that cannot be parsed is kept beside the new one as NAME.bak-TIMESTAMP; Claude Code's is\n"
      "left alone. It is safe to run again.";
  auto flags = std::make_shared<HostFlags>();
  add_host_name(command, *flags);
  add_entry_flags(command, *flags);
  add_config_path(command, *flags);
  add_deny_host_tools(command, *flags);
  add_json_flag(command, session);
  command.action = [&session, &command, flags] {
    const auto here = host_surroundings(session);
    check_flags(*flags, here);
    auto change = host_of(*flags).put(
        {.entry = entry_for(session, command, *flags, recorded_entry(*flags, here)),
         .config_path = flags->config_path,
         .set_aside_broken = true},
        here);
    if (change.backup_path) {
      change.details.push_back("the file could not be parsed: what it held beside pyro is in '" +
                               *change.backup_path + "'");
    }
    deny_if_asked(session, *flags, here, change);
    print_change(session, change);
    return 0;
  };
}

}  // namespace pyro::cli
