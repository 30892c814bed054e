#include <memory>

#include "common/base/error.h"
#include "gateway/cli/commands/host/host.h"
#include "gateway/cli/commands/host/host_flags.h"
#include "gateway/mcp/tools/toolbox.h"
#include "host-helpers/doctor/host_checks.h"
#include "host-helpers/hosts/examine.h"

namespace pyro::cli {
namespace {

/// What a server of that entry gives its workspaces.
void describe_server(const hosts::Entry& entry, const std::filesystem::path& directory,
                     hosts::HostReport& report) {
  const auto server = read_server_command(entry.args);
  if (!server) {
    report.drift.emplace_back(
        "the command is not `pyro mcp serve`, or has flags that it does not "
        "know");
    return;
  }
  const auto project =
      doctor::check_project_source(mcp::source_options(server->options), directory);
  report.project_source = project.error ? "cannot be used: " + *project.error : project.sentence;
  report.environment = server->options.environment;
}

}  // namespace

void add_host_doctor(CliCommand& host, Session& session) {
  auto& command = host.add_command("doctor", "Show how each chat host is connected");
  command.footer =
      "Examples:\n"
      "  pyro host doctor\n"
      "  pyro host doctor codex --json\n"
      "  pyro host doctor --mode repro-fix\n"
      "  pyro host doctor --config-path ~/src/parser/opencode.json\n\n"
      "Reads the hosts' settings as they count in the current directory, and starts the server by\n"
      "the recorded command, without a guest. With flags of a server it compares with those; else\n"
      "those of each entry are right. --config-path is for Codex (.toml) or OpenCode.";
  auto flags = std::make_shared<HostFlags>();
  add_optional_host_name(command, *flags);
  add_entry_flags(command, *flags);
  add_config_path(command, *flags);
  add_json_flag(command, session);
  command.action = [&session, &command, flags] {
    const auto here = host_surroundings(session);
    hosts::HostsReport report;
    for (const auto& [name, text] : enum_names(hosts::HostName{})) {
      if (!flags->host.empty() && flags->host != text) continue;
      hosts::Question question{.wanted =
                                   [&](const std::optional<hosts::Entry>& found) {
                                     return entry_for(session, command, *flags, found);
                                   },
                               .describe_server =
                                   [&](const hosts::Entry& found, hosts::HostReport& one) {
                                     describe_server(found, here.directory, one);
                                   },
                               .repair_words = words_again(command, *flags),
                               .pyro = pyro_again(command, *flags)};
      const bool is_toml = flags->config_path && flags->config_path->extension() == ".toml";
      if (name == (is_toml ? hosts::HostName::kCodex : hosts::HostName::kOpenCode)) {
        question.config_path = flags->config_path;
      }
      session.progress().show({"host", "examine " + std::string(text), {}, {}});
      report.hosts.push_back(hosts::examine_host(hosts::chat_host(name), question, here));
    }
    session.progress().finish();
    print_reply<hosts::HostsReport>(session, report, hosts::report_text);
    return 0;
  };
}

}  // namespace pyro::cli
