#pragma once

#include <memory>

#include "gateway/mcp/protocol/server.h"
#include "gateway/mcp/tools/toolbox.h"

namespace pyro::mcp {

/// A server as `options` say. It starts nothing and fails for nothing that the user can fix while
/// it runs: those are answers of the calls that meet them.
std::unique_ptr<Server> make_server(const ServerOptions& options, Backend backend);

}  // namespace pyro::mcp
