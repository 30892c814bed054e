#include "gateway/mcp/make_server.h"
#include "pyro/client.h"

namespace pyro {

Server::Server(std::unique_ptr<mcp::Server> server) : server_(std::move(server)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

void Server::serve(int input, int output, int stop_fd) { server_->serve(input, output, stop_fd); }

Server Client::create_server(const ServerOptions& options) {
  return Server(mcp::make_server(options, {.client = [this]() -> Client& { return *this; },
                                           .paths = [this] { return paths(); }}));
}

}  // namespace pyro
