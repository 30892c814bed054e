#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/api/field.h"
#include "common/api/workspace_services.h"

/// Ports of guests on the host's loopback. Owner: net service.
namespace pyro::api {

/// A port that is published, and for whom.
struct PublishedEntry : PublishedPort {
  std::string workspace_id;
  std::string vm_id;
  std::optional<std::string> service_name;

  template <class Fields>
  static void describe(Fields& f) {
    PublishedPort::describe(f);
    f("workspace_id", &PublishedEntry::workspace_id, "The workspace.");
    f("vm_id", &PublishedEntry::vm_id, "The machine that it leads to.");
    f("service_name", &PublishedEntry::service_name, "The service that it came with.");
  }
};

struct PublishedEntries {
  std::vector<PublishedEntry> ports;

  template <class Fields>
  static void describe(Fields& f) {
    f("ports", &PublishedEntries::ports, "By host port.");
  }
};

/// Listens on 127.0.0.1 for each of the ports: all or none. What is published lasts until it is
/// withdrawn, also over the end of the net service.
/// already_exists (port_taken): another program listens there. invalid_argument (port_refused): a
/// port of pyro's own.
struct PublishPorts {
  static constexpr Method kMethod{"net.publish"};
  using Reply = PublishedEntries;
  std::string workspace_id;
  std::string vm_id;
  std::optional<std::string> service_name;
  std::vector<PortToPublish> ports;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &PublishPorts::workspace_id, "The workspace.", kRequired, max_length(64));
    f("vm_id", &PublishPorts::vm_id, "Its machine.", kRequired, max_length(64));
    f("service_name", &PublishPorts::service_name, "The service that they are of.", max_length(64));
    f("ports", &PublishPorts::ports, "The ports.", kRequired, max_length(64));
  }
};

/// Ends listeners and their connections: all of a workspace, those of a service, or one.
struct WithdrawPorts {
  static constexpr Method kMethod{"net.withdraw", Idempotent::kYes};
  using Reply = PublishedEntries;
  std::string workspace_id;
  std::optional<std::string> service_name;
  std::optional<std::uint32_t> host_port;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &WithdrawPorts::workspace_id, "The workspace.", kRequired, max_length(64));
    f("service_name", &WithdrawPorts::service_name, "Only those of this service.", max_length(64));
    f("host_port", &WithdrawPorts::host_port, "Only this one.");
  }
};

struct ListPublished {
  static constexpr Method kMethod{"net.list", Idempotent::kYes};
  using Reply = PublishedEntries;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &ListPublished::workspace_id, "Only of this workspace; empty: all.");
  }
};

using PortsApi = Api<PublishPorts, WithdrawPorts, ListPublished>;

}  // namespace pyro::api
