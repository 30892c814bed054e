#include "gateway/cli/commands/mcp/mcp.h"

#include "common/command_line/command.h"

namespace pyro::cli {

void add_mcp(CliCommand& root, Session& session) {
  auto& mcp = root.add_command("mcp", "Serve workspaces to chat hosts over MCP");
  mcp.needs_command = true;
  mcp.footer = "Examples:\n  pyro mcp serve --help\n  pyro host connect claude-code";
  add_mcp_serve(mcp, session);
}

}  // namespace pyro::cli
