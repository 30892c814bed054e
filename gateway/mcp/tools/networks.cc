#include "common/base/reasons/network.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

void check_update(const Toolbox& box, api::UpdateNetwork& request) {
  box.network().check_update(request);
}

}  // namespace

std::vector<ToolRow> network_tools() {
  return {
      {.operation = operation<api::ShowNetwork>(),
       .name = "workspace_network_show",
       .effect = Effect::kReads,
       .title = "Describe a workspace's network",
       .text = "Returns a workspace's network policy, what it may reach (allow; empty with a "
               "policy other than off: the public internet) and whether it is connected."},
      {.operation = operation<api::UpdateNetwork>({.check = check_update}),
       .name = "workspace_network_update",
       .effect = Effect::kChanges,
       .title = "Change a workspace's network",
       .text = "Changes what a workspace may reach, at once and for open connections too. It "
               "never gives more than this server's own policy: only the user can, with `pyro "
               "workspace network update`."},
      {.operation = operation<api::ReadNetworkLog>(),
       .name = "workspace_network_log",
       .effect = Effect::kReads,
       .title = "List a workspace's connections",
       .text = "Lists connections since the last reset, with name, address, verdict, bytes and, "
               "if denied, the reason. `after` with `last` of an answer goes on."},
      {.operation = operation<api::ReadLearnedNetwork>(),
       .name = "workspace_network_learned",
       .effect = Effect::kReads,
       .title = "List what a workspace reached",
       .text = "Lists the names and ports that a workspace made with learn has reached, and the "
               "entries (allow_domains) that allow just that."},
  };
}

}  // namespace pyro::mcp
