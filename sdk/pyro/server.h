#pragma once

#include <memory>

#include "common/base/visibility.h"
#include "pyro/server_options.h"

namespace pyro {

namespace mcp {
class Server;
}

/// An MCP server as `pyro mcp serve` runs one, in a program of your own: see
/// Client::create_server, whose client it uses.
class PYRO_API Server {
 public:
  explicit Server(std::unique_ptr<mcp::Server> server);
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  /// Waits for the calls that still run.
  ~Server();

  /// Answers what comes on `input`, one JSON-RPC message a line, until its end, until `output` is
  /// closed by its reader or until `stop_fd` (-1: none) is readable. Calls that run then are
  /// neither stopped nor answered.
  void serve(int input, int output, int stop_fd = -1);

 private:
  std::unique_ptr<mcp::Server> server_;
};

}  // namespace pyro
