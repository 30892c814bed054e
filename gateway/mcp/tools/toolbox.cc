#include "gateway/mcp/tools/toolbox.h"

#include "gateway/mcp/tools/machine_tools.h"
#include "gateway/mcp/tools/workspace_tools.h"

namespace pyro::mcp {

std::vector<Tool> tools_of(const std::shared_ptr<const Toolbox>& box) {
  std::vector<Tool> tools;
  add_machine_tools(box, tools);
  add_workspace_tools(box, tools);
  return tools;
}

}  // namespace pyro::mcp
