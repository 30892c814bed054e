#include "common/api/environment.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {

std::vector<ToolRow> environment_tools() {
  return {
      {.operation = operation<api::ListEnvironments>(),
       .name = "vm_list_environments",
       .effect = Effect::kReads,
       .title = "List environments",
       .text = "Lists the environments that machines and workspaces can boot, like debian:12, "
               "with their contents and whether they are installed. A missing one is installed "
               "on first use, which takes about a minute."},
  };
}

}  // namespace pyro::mcp
