#pragma once

#include <functional>
#include <memory>

#include "gateway/mcp/protocol/server.h"
#include "pyro/client.h"
#include "pyro/server_options.h"

namespace pyro::mcp {

/// A server as `options` say. It starts nothing and fails for nothing that a person can mend while
/// it runs: `client` is asked for at the first call that needs it, and what it throws is that
/// call's answer.
std::unique_ptr<Server> make_server(const ServerOptions& options, std::function<Client&()> client);

}  // namespace pyro::mcp
