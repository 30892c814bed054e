#pragma once

#include <memory>
#include <vector>

#include "gateway/mcp/protocol/tool.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {

/// All that there are, in a fixed order.
const std::vector<ToolRow>& tool_rows();

/// Those of the box's set, in the same order.
std::vector<Tool> tools_of(const std::shared_ptr<const Toolbox>& box);

}  // namespace pyro::mcp
