#include "gateway/cli/commands/host/host_flags.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"
#include "common/command_line/parse.h"
#include "common/process/child_process.h"
#include "common/source/remote_url.h"
#include "common/source/source.h"
#include "gateway/cli/commands/mcp/server_flags.h"
#include "gateway/cli/global_flags.h"
#include "gateway/cli/notes.h"
#include "gateway/mcp/tools/toolbox.h"
#include "host-helpers/hosts/host_tools.h"

namespace pyro::cli {
namespace {

namespace fs = std::filesystem;

/// The whole work of one command: several starts of programs.
constexpr std::chrono::minutes kHostLimit{5};

fs::path own_program() {
  std::error_code failed;
  fs::path own = fs::read_symlink("/proc/self/exe", failed);
  if (failed || !fs::exists(own)) {
    throw failed_precondition(reason::kNotInstalled,
                              "this pyro was replaced while it runs: run the command again");
  }
  return own;
}

bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code none;
  return fs::equivalent(a, b, none) && !none;
}

/// By its name on PATH where that is this one, so that an upgrade keeps the entry right.
std::string program_path(bool installed_package) {
  const auto on_path = find_program("pyro");
  if (installed_package) {
    if (on_path) return fs::absolute(*on_path).string();
    for (const char* place : {"/usr/bin/pyro", "/usr/local/bin/pyro"}) {
      if (fs::exists(place)) return place;
    }
    throw not_found(reason::kNotInstalled,
                    "no pyro is installed: there is none on PATH, nor in /usr/bin; without "
                    "--installed-package the entry names this program, {}",
                    own_program().string());
  }
  const fs::path own = own_program();
  return on_path && is_same_file(*on_path, own) ? fs::absolute(*on_path).string() : own.string();
}

std::vector<std::string> host_names() {
  std::vector<std::string> names;
  for (const auto& [value, name] : enum_names(hosts::HostName{})) names.emplace_back(name);
  return names;
}

std::list<Option> setting_flag(const std::list<Option>& all) {
  std::list<Option> found;
  for (const auto& option : all) {
    if (option.name == "--set") found.push_back(option);
  }
  return found;
}

const CliCommand& root_of(const CliCommand& command) {
  const CliCommand* at = &command;
  while (at->parent != nullptr) at = at->parent;
  return *at;
}

/// The project in which --deny-host-tools denies.
fs::path project_to_deny(const HostFlags& flags, const hosts::Surroundings& here) {
  const fs::path start =
      flags.server.project_path ? fs::absolute(*flags.server.project_path) : here.directory;
  return hosts::project_of(start.lexically_normal());
}

std::list<Option> global_flags() {
  CliCommand root("pyro", "");
  PathFlags paths;
  std::vector<std::string> settings;
  add_global_flags(root, paths, settings);
  return std::move(root.options);
}

}  // namespace

void add_host_name(CliCommand& command, HostFlags& flags) {
  Option& positional = command.add({.name = "HOST",
                                    .help = "The chat host",
                                    .choices = host_names(),
                                    .required = true,
                                    .needed = "a chat host: claude-code, codex or opencode"},
                                   flags.host);
  Option& option = command.add(
      {.name = "--host", .help = "The same as HOST", .choices = host_names()}, flags.host);
  exclude_each_other(positional, option);
  positional.replaced_by = &option;
}

void add_optional_host_name(CliCommand& command, HostFlags& flags) {
  command.add({.name = "HOST", .help = "One chat host; default all", .choices = host_names()},
              flags.host);
}

void add_entry_flags(CliCommand& command, HostFlags& flags) {
  add_server_flags(command, flags.server);
  command.add_flag("--installed-package",
                   "Have the host start the installed pyro, not this program",
                   flags.installed_package);
}

void add_config_path(CliCommand& command, HostFlags& flags) {
  command.add({.name = "--config-path",
               .help = "The settings file of Codex or OpenCode, where it is another",
               .value_name = "FILE"},
              flags.config_path);
}

void add_deny_host_tools(CliCommand& command, HostFlags& flags) {
  command.add_flag("--deny-host-tools",
                   "Take the host's own shell and edit tools away in this project, so that it "
                   "works in sandboxes",
                   flags.deny_host_tools);
}

const hosts::ChatHost& host_of(const HostFlags& flags) {
  return hosts::chat_host(*api::enum_from<hosts::HostName>(flags.host));
}

std::optional<RecordedServer> read_server_command(const std::vector<std::string>& args) {
  CliCommand root("pyro", "");
  PathFlags paths;
  std::vector<std::string> settings;
  add_global_flags(root, paths, settings);
  CliCommand& serve = root.add_command("mcp", "").add_command("serve", "");
  RecordedServer recorded;
  add_server_flags(serve, recorded.options);
  const ParsedLine line = parse(root, args);
  if (line.asked != ParsedLine::Asked::kAction || line.command != &serve || serve.words) {
    return std::nullopt;
  }
  recorded.settings = given_words(serve, setting_flag(root.options));
  recorded.server_words = server_words(serve);
  return recorded;
}

hosts::Entry entry_for(Session& session, const CliCommand& command, const HostFlags& flags,
                       const std::optional<hosts::Entry>& recorded) {
  hosts::Entry entry{.command = program_path(flags.installed_package)};
  PathWords words = words_for(session.paths());
  auto settings = given_words(command, setting_flag(root_of(command).options));
  auto server = server_words(command);
  if (recorded) {
    if (const auto old = read_server_command(recorded->args)) {
      if (settings.empty()) settings = old->settings;
      if (server.empty()) server = old->server_words;
    }
    const bool is_absolute = recorded->command.starts_with('/');
    if (is_absolute && is_same_file(recorded->command, entry.command)) {
      entry.command = recorded->command;
    }
  }
  entry.args = std::move(words.flags);
  entry.args.insert(entry.args.end(), settings.begin(), settings.end());
  entry.args.insert(entry.args.end(), {"mcp", "serve"});
  entry.args.insert(entry.args.end(), server.begin(), server.end());
  entry.environment = std::move(words.variables);
  return entry;
}

void check_flags(const HostFlags& flags, const hosts::Surroundings& here) {
  if (flags.server.repo_url) {
    const auto url = source::parse_remote_url(*flags.server.repo_url);
    if (!url.variables.empty() || !url.settings.empty()) {
      throw UsageError(fmt::format(
          "the URL holds a password, which would lie in the host's settings: give '{}', and let "
          "git's credential helper have the password",
          url.plain));
    }
  }
  if (flags.server.project_path || flags.server.repo_url) {
    source::find_project_source(mcp::source_options(flags.server), here.directory);
  }
  if (!flags.deny_host_tools) return;
  const fs::path project = project_to_deny(flags, here);
  if (project == "/" || is_same_file(project, here.home)) {
    throw UsageError(
        fmt::format("--deny-host-tools is for one project, and '{}' is none: run it in the project",
                    project.string()));
  }
}

std::string words_again(const CliCommand& command, const HostFlags& flags) {
  auto words = server_words(command);
  if (flags.installed_package) words.emplace_back("--installed-package");
  return shell_join(words);
}

std::string pyro_again(const CliCommand& command, const HostFlags& flags) {
  const auto on_path = find_program("pyro");
  const bool by_name = on_path && is_same_file(*on_path, program_path(flags.installed_package));
  std::vector<std::string> words{by_name ? "pyro" : program_path(flags.installed_package)};
  for (auto& word : given_words(command, global_flags())) words.push_back(std::move(word));
  return shell_join(words);
}

fs::path denied_tools_record(Session& session) {
  return session.paths().state_dir / "denied-host-tools.json";
}

hosts::Surroundings host_surroundings(Session& session) {
  return hosts::surroundings_here(
      {.deadline = Clock::now() + kHostLimit, .stop = session.signals().token()});
}

void deny_if_asked(Session& session, const HostFlags& flags, const hosts::Surroundings& here,
                   hosts::HostChange& change) {
  if (!flags.deny_host_tools) return;
  const fs::path project = project_to_deny(flags, here);
  session.paths().make_directories();
  const auto& host = host_of(flags);
  if (const auto file = hosts::deny_host_tools(host, project, denied_tools_record(session))) {
    change.changed = true;
    change.host_tools_files.push_back(file->string());
  }
  std::vector<std::string> why;
  if (hosts::host_tools_in(host, here, project, why) != hosts::HostTools::kDenied) {
    change.details.push_back(
        fmt::format("{} may still use its own tools in '{}'", host.title(), project.string()));
  }
  change.details.insert(change.details.end(), why.begin(), why.end());
}

std::string change_text(const hosts::HostChange& change) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("{:<9} {}\n", name, printable(value));
  };
  if (!change.server_command.empty()) {
    line("host", change.host + (change.changed ? ": connected" : ": was connected already"));
    line("command", shell_join(change.server_command));
  } else {
    line("host", change.host + (change.changed ? ": disconnected" : ": was not connected"));
  }
  if (change.config_path) line("file", *change.config_path);
  if (change.backup_path) line("backup", *change.backup_path);
  for (const auto& file : change.host_tools_files) line("own tools", file);
  if (change.verification_command) line("check", *change.verification_command);
  return text;
}

void print_change(const Session& session, const hosts::HostChange& change) {
  for (const auto& detail : change.details) note("note: " + printable(detail));
  print_reply<hosts::HostChange>(session, change, change_text);
}

}  // namespace pyro::cli
