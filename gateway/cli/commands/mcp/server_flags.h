#pragma once

#include "common/command_line/command.h"
#include "pyro/server_options.h"

namespace pyro::cli {

/// The flags of an MCP server: what `pyro mcp serve` takes, and what a chat host's entry holds.
void add_server_flags(CliCommand& command, ServerOptions& options);

}  // namespace pyro::cli
