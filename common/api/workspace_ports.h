#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/api/workspace.h"
#include "common/api/workspace_services.h"

/// Ports of a workspace's guest on the host. Owner: workspace service.
namespace pyro::api {

struct WorkspacePort : PublishedPort {
  std::optional<std::string> service_name;

  template <class Fields>
  static void describe(Fields& f) {
    PublishedPort::describe(f);
    f("service_name", &WorkspacePort::service_name, "The service that it came with.",
      kAbsentWhenNull);
  }
};

struct WorkspacePorts : WorkspaceReply {
  std::uint32_t count = 0;
  std::vector<WorkspacePort> ports;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("count", &WorkspacePorts::count, "How many.");
    f("ports", &WorkspacePorts::ports, "By host port.");
  }
};

struct ListPorts {
  static constexpr Method kMethod{"workspace.port_list", Idempotent::kYes};
  using Reply = WorkspacePorts;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ListPorts>(f);
  }
};

/// Publishes a port of the guest on 127.0.0.1 until it is closed, or the workspace is stopped,
/// reset or deleted. failed_precondition: the policy publishes none, or it is not started.
struct OpenPort {
  static constexpr Method kMethod{"workspace.port_open"};
  using Reply = WorkspacePorts;
  std::string workspace_id;
  std::uint32_t guest_port = 0;
  std::optional<std::uint32_t> host_port;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<OpenPort>(f);
    f("guest_port", &OpenPort::guest_port, "Port in the guest.", kRequired, kPositional,
      range(1, 65535));
    f("host_port", &OpenPort::host_port, "Port on 127.0.0.1 of the host; absent: any.",
      range(1024, 65535));
  }
};

struct ClosePort {
  static constexpr Method kMethod{"workspace.port_close", Idempotent::kYes};
  using Reply = WorkspacePorts;
  std::string workspace_id;
  std::uint32_t host_port = 0;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ClosePort>(f);
    f("host_port", &ClosePort::host_port, "Port on the host.", kRequired, kPositional,
      range(1, 65535));
  }
};

using WorkspacePortsApi = Api<ListPorts, OpenPort, ClosePort>;

}  // namespace pyro::api
