#pragma once

#include <CLI/CLI.hpp>

#include "pyro/server_options.h"

namespace pyro::cli {

/// The flags of an MCP server: what `pyro mcp serve` takes, and what a chat host's entry holds.
void add_server_flags(CLI::App& command, ServerOptions& options);

}  // namespace pyro::cli
