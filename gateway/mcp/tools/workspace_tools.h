#pragma once

#include <memory>
#include <vector>

#include "gateway/mcp/tools/toolbox.h"

namespace pyro::mcp {

/// Adds the `workspace_` and `snapshot_` tools of the box's set.
void add_workspace_tools(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools);

/// Adds `workspace_exec` and the tools of the jobs it leaves behind.
void add_exec_tools(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools);

}  // namespace pyro::mcp
