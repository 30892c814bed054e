#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/command_line/command.h"
#include "gateway/cli/session.h"
#include "host-helpers/hosts/chat_host.h"
#include "pyro/server_options.h"

namespace pyro::cli {

/// The flags that the commands of `pyro host` share.
struct HostFlags {
  std::string host;
  ServerOptions server;
  bool installed_package = false;
  bool deny_host_tools = false;
  std::optional<std::filesystem::path> config_path;
};

/// HOST, or `--host HOST`.
void add_host_name(CliCommand& command, HostFlags& flags);
void add_optional_host_name(CliCommand& command, HostFlags& flags);
/// Those of `pyro mcp serve`, and --installed-package.
void add_entry_flags(CliCommand& command, HostFlags& flags);
void add_config_path(CliCommand& command, HostFlags& flags);
void add_deny_host_tools(CliCommand& command, HostFlags& flags);

const hosts::ChatHost& host_of(const HostFlags& flags);

/// What a recorded command line of a server says.
struct RecordedServer {
  ServerOptions options;
  std::vector<std::string> settings;      ///< `--set X` and so on, as words
  std::vector<std::string> server_words;  ///< the flags of `mcp serve`
};

/// nullopt: the words are no command line of `pyro … mcp serve …`.
std::optional<RecordedServer> read_server_command(const std::vector<std::string>& args);

/// The canonical entry for the flags that `command` was given. `recorded`: where it was given no
/// flags of a server, those of this entry stay.
hosts::Entry entry_for(Session& session, const CliCommand& command, const HostFlags& flags,
                       const std::optional<hosts::Entry>& recorded);

/// Refuses flags with which no server would work, a URL that holds a password, and
/// --deny-host-tools outside of a project.
void check_flags(const HostFlags& flags, const hosts::Surroundings& here);

/// The words for another call of `pyro host` with the same flags.
std::string words_again(const CliCommand& command, const HostFlags& flags);
/// `pyro`, or its path, with the global flags of this call.
std::string pyro_again(const CliCommand& command, const HostFlags& flags);

/// Where the record is of the tools that hosts were denied.
std::filesystem::path denied_tools_record(Session& session);

/// For a person: the entry, where it is, and how to check it.
std::string change_text(const hosts::HostChange& change);

/// Denies the host its own tools, when the flags say so.
void deny_if_asked(Session& session, const HostFlags& flags, const hosts::Surroundings& here,
                   hosts::HostChange& change);

/// Writes the details to standard error, and the change to standard output.
void print_change(const Session& session, const hosts::HostChange& change);

hosts::Surroundings host_surroundings(Session& session);

}  // namespace pyro::cli
