#pragma once

#include <memory>
#include <vector>

#include "gateway/mcp/tools/toolbox.h"

namespace pyro::mcp {

/// Adds the `vm_` tools of the box's set.
void add_machine_tools(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools);

}  // namespace pyro::mcp
