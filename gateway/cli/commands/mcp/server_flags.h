#pragma once

#include "common/command_line/command.h"
#include "pyro/server_options.h"

namespace pyro::cli {

/// The flags of an MCP server, for `pyro mcp serve` and the entry of a chat host.
void add_server_flags(CliCommand& command, ServerOptions& options);

}  // namespace pyro::cli
