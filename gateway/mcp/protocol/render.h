#pragma once

#include <vector>

#include "gateway/mcp/protocol/revision.h"
#include "gateway/mcp/protocol/tool.h"

/// What a server has to say, as each revision of the protocol says it.
namespace pyro::mcp {

Json render_server(const ServerInfo& info, Revision revision);
Json render_tools(const std::vector<Tool>& tools, Revision revision);
/// The `result` of tools/call.
Json render_result(ToolResult result, Revision revision);

/// A result as it is sent: the modern ones say that they are whole, and who gave them.
Json render_complete(Json result, const ServerInfo& info, Revision revision);

}  // namespace pyro::mcp
