#pragma once

#include <string>
#include <vector>

#include "common/api/workspace_network.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "common/config/paths.h"
#include "common/network/connection_log.h"
#include "common/network/presets.h"
#include "services/workspace/network/connections.h"
#include "services/workspace/part.h"
#include "services/workspace/ports/ports.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// The networks of workspaces. A policy is part of the workspace's record; its machine has it too.
class Networks final : public Part {
 public:
  /// `nginx`: the setting package_cache.nginx.
  Networks(const Paths& paths, network::Presets presets, std::string nginx, Workspaces& workspaces,
           Connections& connections, Ports& ports, bus::Client& vm)
      : paths_(paths),
        presets_(std::move(presets)),
        nginx_(std::move(nginx)),
        workspaces_(workspaces),
        connections_(connections),
        ports_(ports),
        vm_(vm) {
    workspaces_.add(*this);
  }

  api::WorkspaceNetwork handle(const api::ShowNetwork& request, bus::Call& call);
  api::WorkspaceNetwork handle(const api::UpdateNetwork& request, bus::Call& call);
  api::NetworkLog handle(const api::ReadNetworkLog& request, bus::Call& call);
  api::LearnedNetwork handle(const api::ReadLearnedNetwork& request, bus::Call& call);

  /// Checks the policy in a new workspace's fields, and sets what it comes to.
  void set_policy(WorkspaceRecord& record) const;

  /// Completes a change that a kill cut short.
  void collect_garbage(const WorkspaceRecord& record) override;

 private:
  api::WorkspaceNetwork describe_network(const WorkspaceRecord& record, const Work& work) const;
  std::vector<api::NetworkLogEntry> named(const WorkspaceRecord& record,
                                          const std::vector<network::LogLine>& lines,
                                          const std::stop_token& stop);
  void give_to_machine(const WorkspaceRecord& record, const Work& work);

  const Paths& paths_;
  network::Presets presets_;
  std::string nginx_;
  Workspaces& workspaces_;
  Connections& connections_;
  Ports& ports_;
  bus::Client& vm_;
};

}  // namespace pyro::workspace
