#pragma once

namespace pyro {
class CliCommand;
}

/// Each function adds a command below the one it is given. See gateway/cli/README.md.
namespace pyro::cli {

class Session;

void add_mcp(CliCommand& root, Session& session);
void add_mcp_serve(CliCommand& mcp, Session& session);

}  // namespace pyro::cli
