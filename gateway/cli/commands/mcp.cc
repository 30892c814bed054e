#include "gateway/cli/commands/commands.h"

namespace pyro::cli {

void add_mcp(CLI::App& root, Session& session) {
  auto* mcp = root.add_subcommand("mcp", "Serve workspaces to chat hosts over MCP");
  mcp->require_subcommand(1);
  mcp->footer("Examples:\n  pyro mcp serve --help\n  claude mcp add pyro -- pyro mcp serve");
  add_mcp_serve(*mcp, session);
}

}  // namespace pyro::cli
