#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gateway/mcp/protocol/tool.h"
#include "gateway/mcp/tools/host_access.h"
#include "gateway/mcp/tools/tool_set.h"
#include "gateway/mcp/tools/words.h"
#include "pyro/client.h"

namespace pyro::mcp {

/// What the tools of one server share. Nothing in it touches the stack before a call needs it.
struct Toolbox {
  ServerOptions options;
  ToolSet set;
  Setting setting;
  HostAccess host;
  /// Made for the first call; throws what keeps it from being made.
  std::function<Client&()> client;
};

/// The tools of the set that exist, in a fixed order.
std::vector<Tool> tools_of(const std::shared_ptr<const Toolbox>& box);

}  // namespace pyro::mcp
