#include "gateway/mcp/modes/modes.h"

namespace pyro::mcp {

ToolSet workspace_full() {
  ToolSet set = workspace_core();
  set.name = "workspace-full";
  set.everything = true;
  return set;
}

}  // namespace pyro::mcp
