#pragma once

#include <list>
#include <string>
#include <vector>

#include "common/command_line/command.h"
#include "pyro/server_options.h"

namespace pyro::cli {

/// The flags of an MCP server, for `pyro mcp serve` and the entry of a chat host.
void add_server_flags(CliCommand& command, ServerOptions& options);

/// The words by which a parsed command was given these flags, in the order of their definition;
/// the values DIR and FILE are absolute then.
std::vector<std::string> server_words(const CliCommand& command);

/// The words of those of `options` that a parsed command was given.
std::vector<std::string> given_words(const CliCommand& command, const std::list<Option>& options);

}  // namespace pyro::cli
