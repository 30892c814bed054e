#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "common/api/ports.h"
#include "common/api/workspace_ports.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "common/config/paths.h"
#include "services/workspace/part.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Ports of workspaces on the host, which the net service listens at. A workspace whose policy
/// publishes none has none, and the net service is not asked.
class Ports final : public Part {
 public:
  Ports(const Paths& paths, Workspaces& workspaces, bus::Client& net)
      : records_(paths.published_ports_dir()), workspaces_(workspaces), net_(net) {
    workspaces_.add(*this);
  }

  api::WorkspacePorts handle(const api::ListPorts& request, bus::Call& call);
  api::WorkspacePorts handle(const api::OpenPort& request, bus::Call& call);
  api::WorkspacePorts handle(const api::ClosePort& request, bus::Call& call);

  /// Those of a service, before it starts; all or none. failed_precondition: the policy publishes
  /// none.
  std::vector<api::PublishedPort> publish(const WorkspaceRecord& record,
                                          const std::string& service_name,
                                          const std::vector<api::PortToPublish>& ports,
                                          const Work& work);
  /// Of a service that does not run any more. What cannot be done now the collector does.
  void withdraw(const WorkspaceRecord& record, const std::string& service_name) noexcept;

  /// Withdraws those of other services than these: of a start that a kill cut short. Called within
  /// a turn of the workspace.
  void keep_only(const WorkspaceRecord& record, const std::set<std::string>& services);

  void end_all(const WorkspaceRecord& record) override;
  void collect_garbage(const WorkspaceRecord& record) override;
  void forget(const std::string& workspace_id) override;

 private:
  std::vector<api::PublishedEntry> of(const WorkspaceRecord& record, const Work& work);
  api::WorkspacePorts reply(const WorkspaceRecord& record, const Work& work);

  std::filesystem::path records_;
  Workspaces& workspaces_;
  bus::Client& net_;
};

}  // namespace pyro::workspace
