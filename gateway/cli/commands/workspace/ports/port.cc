#include "gateway/cli/commands/workspace/ports/port.h"

#include <fmt/core.h>

#include <string>
#include <vector>

#include "common/api/workspace_ports.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

std::string ports_text(const api::WorkspacePorts& ports) {
  if (ports.ports.empty()) return "no published ports\n";
  std::vector<std::vector<std::string>> rows{{"HOST", "GUEST", "SERVICE"}};
  for (const auto& port : ports.ports) {
    rows.push_back({fmt::format("{}:{}", port.host, port.host_port),
                    std::to_string(port.guest_port), port.service_name.value_or("")});
  }
  return table(rows);
}

void add_port_list(CliCommand& port, Session& session) {
  auto& command = port.add_command("list", "List a workspace's published ports");
  command.footer = "Examples:\n  pyro workspace port list 0123456789ab";
  add_plain_call<api::ListPorts>(command, session, ports_text);
}

void add_port_open(CliCommand& port, Session& session) {
  auto& command = port.add_command("open", "Publish a port of the guest");
  command.footer =
      "Examples:\n"
      "  pyro workspace port open 0123456789ab 3000\n"
      "  pyro workspace port open 0123456789ab 3000 --host-port 8080\n\n"
      "It is open until it is closed, or the workspace is stopped, reset or deleted.";
  add_plain_call<api::OpenPort>(command, session, ports_text);
}

void add_port_close(CliCommand& port, Session& session) {
  auto& command = port.add_command("close", "Close a published port, by its port on the host");
  command.footer = "Examples:\n  pyro workspace port close 0123456789ab 8080";
  add_plain_call<api::ClosePort>(command, session, ports_text);
}

}  // namespace

void add_workspace_port(CliCommand& workspace, Session& session) {
  auto& port = workspace.add_command("port", "Ports of the guest on 127.0.0.1 of the host");
  port.needs_command = true;
  port.footer =
      "Examples:\n"
      "  pyro workspace create debian:12 --network-policy egress+published-ports\n"
      "  pyro workspace port open 0123456789ab 3000\n"
      "  pyro workspace port list 0123456789ab";
  add_port_list(port, session);
  add_port_open(port, session);
  add_port_close(port, session);
}

}  // namespace pyro::cli
