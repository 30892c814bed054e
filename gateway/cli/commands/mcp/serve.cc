#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <stop_token>

#include "gateway/cli/commands/mcp/mcp.h"
#include "gateway/cli/commands/mcp/server_flags.h"
#include "gateway/cli/notes.h"
#include "gateway/cli/session.h"
#include "gateway/mcp/make_server.h"

namespace pyro::cli {
namespace {

/// Ends as soon as its host goes. It neither waits for open calls nor cancels them, since an
/// agent's command is a job that outlives it.
[[noreturn]] void serve(Session& session, const ServerOptions& options) {
  // In every state: during a long message, or an answer without a reader.
  const std::stop_callback signalled(session.signals().token(), [] { std::_Exit(0); });
  if (::isatty(STDIN_FILENO) == 1) {
    note("note: this is for a chat host, which speaks MCP on standard input; Ctrl-D ends it");
  }
  std::mutex making;
  const auto server = mcp::make_server(options, {.client = [&]() -> Client& {
                                                   const std::lock_guard lock(making);
                                                   return session.client();
                                                 },
                                                 .paths =
                                                     [&] {
                                                       const std::lock_guard lock(making);
                                                       return session.paths();
                                                     }});
  server->serve(STDIN_FILENO, STDOUT_FILENO);
  std::_Exit(0);
}

}  // namespace

void add_mcp_serve(CliCommand& mcp, Session& session) {
  auto& command = mcp.add_command("serve", "Serve MCP on standard input and output");
  command.footer =
      "Examples:\n"
      "  pyro host connect claude-code --mode repro-fix\n"
      "  pyro mcp serve --project-path ~/src/parser --environment debian:12-build\n"
      "  pyro mcp serve --repo-url https://example.org/parser.git --repo-ref v1.2\n\n"
      "A chat host starts the server, which starts the stack when needed and survives its end.\n"
      "Workspaces begin with the project: --project-path, else --repo-url, else the Git\n"
      "repository around the current directory, without untracked and ignored files.\n"
      "Host paths that the model names must lie below the project, the current directory (unless\n"
      "that is / or your home) or an --allow-path.";
  auto options = std::make_shared<ServerOptions>();
  add_server_flags(command, *options);
  command.action = [&session, options]() -> int { serve(session, *options); };
}

}  // namespace pyro::cli
