#include <fcntl.h>

#include <memory>

#include "common/base/error.h"
#include "common/base/files.h"
#include "gateway/cli/commands/host/host.h"
#include "gateway/cli/commands/host/host_flags.h"
#include "gateway/cli/notes.h"
#include "host-helpers/hosts/render.h"
#include "host-helpers/hosts/settings_file.h"

namespace pyro::cli {
namespace {

/// A new file, or none: another's settings are no place for a whole text.
void write_new(const std::filesystem::path& file, const std::string& kind,
               const std::string& text) {
  hosts::change_settings_file(
      file, 0644, [&](const std::string& old) -> std::optional<std::string> {
        std::error_code none;
        if (!old.empty() || std::filesystem::exists(file, none)) {
          const bool known = api::enum_from<hosts::HostName>(kind).has_value();
          throw already_exists(
              "'{}' is there already: {}", file.string(),
              known && kind != "claude-code"
                  ? fmt::format("`pyro host connect {} --config-path FILE` adds the entry to it",
                                kind)
                  : "name another file, or put the entry into it by hand");
        }
        return text;
      });
}

}  // namespace

void add_host_print_config(CliCommand& host, Session& session) {
  auto& command = host.add_command("print-config", "Print the entry for a chat host's settings");
  command.footer =
      "Examples:\n"
      "  pyro host print-config opencode\n"
      "  pyro host print-config opencode --output ~/.config/opencode/opencode.json\n"
      "  pyro host print-config claude-desktop --project-path ~/src/parser\n"
      "  pyro host print-config vscode > .vscode/mcp.json\n\n"
      "generic is the form that most clients of MCP read. Changes nothing; --output makes a new "
      "file.";
  auto flags = std::make_shared<HostFlags>();
  auto output = std::make_shared<std::optional<std::filesystem::path>>();
  std::vector<std::string> names;
  for (const auto& kind : hosts::config_kinds()) names.push_back(kind.name);
  command.add({.name = "HOST",
               .help = "The chat host, or generic",
               .choices = std::move(names),
               .required = true,
               .needed = "a chat host, as opencode, cursor or generic"},
              flags->host);
  add_entry_flags(command, *flags);
  command.add({.name = "--output", .help = "A new file for the text", .value_name = "FILE"},
              *output);
  add_json_flag(command, session);
  command.action = [&session, &command, flags, output] {
    const auto here = host_surroundings(session);
    check_flags(*flags, here);
    const auto entry = entry_for(session, command, *flags, std::nullopt);
    hosts::HostChange change{.host = flags->host,
                             .server_command = entry.words(),
                             .rendered_config = hosts::rendered_config(flags->host, entry)};
    if (const auto known = api::enum_from<hosts::HostName>(flags->host)) {
      change.verification_command = hosts::chat_host(*known).verification_command();
    }
    for (const auto& kind : hosts::config_kinds()) {
      if (kind.name != flags->host) continue;
      if (!*output) note("note: for " + kind.file);
      if (!kind.note.empty() && !flags->server.project_path && !flags->server.repo_url) {
        change.details.push_back(kind.note);
      }
    }
    if (*output) {
      write_new(**output, flags->host, *change.rendered_config);
      change.changed = true;
      change.config_path = std::filesystem::absolute(**output).string();
    }
    for (const auto& detail : change.details) note("note: " + detail);
    print_reply<hosts::HostChange>(session, change, [](const hosts::HostChange& made) {
      return made.config_path ? "written to " + *made.config_path + "\n" : *made.rendered_config;
    });
    return 0;
  };
}

}  // namespace pyro::cli
