#pragma once

#include <memory>
#include <vector>

#include "gateway/mcp/protocol/tool.h"

namespace pyro::mcp {

/// An MCP server over two descriptors: one JSON-RPC message a line, both eras of the protocol.
class Server {
 public:
  Server(ServerInfo info, std::vector<Tool> tools);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Waits for the calls that still run; a program that must not wait ends by std::_Exit.
  ~Server();

  /// Answers what comes on `input` until its end, until `output` is closed by its reader or until
  /// `stop_fd` (-1: none) is readable. Calls that run then are neither stopped nor answered.
  void serve(int input, int output, int stop_fd = -1);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pyro::mcp
