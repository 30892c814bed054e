#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {

std::vector<ToolRow> port_tools() {
  return {
      {.operation = operation<api::ListPorts>(),
       .name = "workspace_port_list",
       .effect = Effect::kReads,
       .title = "List published ports",
       .text = "Lists the ports of a workspace that are published on 127.0.0.1 of the host."},
      {.operation = operation<api::OpenPort>(),
       .name = "workspace_port_open",
       .effect = Effect::kChanges,
       .title = "Publish a port",
       .text = "Publishes a port of the guest on 127.0.0.1 of the host, so that the user can open "
               "it, until workspace_port_close, a stop, a reset or a delete. Needs network_policy "
               "egress+published-ports. service_start publishes ports for as long as its service "
               "runs."},
      {.operation = operation<api::ClosePort>(),
       .name = "workspace_port_close",
       .effect = Effect::kChanges,
       .title = "Close a published port",
       .text = "Ends a published port, by its port on the host, and the connections to it."},
  };
}

}  // namespace pyro::mcp
