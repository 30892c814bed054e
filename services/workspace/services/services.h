#pragma once

#include <string>

#include "common/api/workspace_services.h"
#include "common/bus/call.h"
#include "common/config/paths.h"
#include "common/registry/registry.h"
#include "services/workspace/files/review_log.h"
#include "services/workspace/part.h"
#include "services/workspace/ports/ports.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/services/running_services.h"
#include "services/workspace/services/service_log.h"
#include "services/workspace/services/service_table.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Services of workspaces. Those that run are in running_services.h.
class Services final : public Part {
 public:
  /// Takes up the services that a former process started.
  Services(Registry& registry, const Paths& paths, Workspaces& workspaces, Machines& machines,
           ReviewLog& reviews, Secrets& secrets, Ports& ports);

  /// Returns once the service is ready, or has failed to become it. A caller that cancels ends it.
  api::ServiceReply handle(const api::StartService& request, bus::Call& call);
  api::ServiceList handle(const api::ListServices& request, bus::Call& call);
  api::ServiceReply handle(const api::WorkspaceServiceStatus& request, bus::Call& call);
  api::ServiceReply handle(const api::StopService& request, bus::Call& call);
  api::ServiceLog handle(const api::ServiceLogs& request, bus::Call& call);

  /// Of the workspace's session, by name.
  std::vector<api::Service> all(const WorkspaceRecord& record) const;

  bool is_busy(const std::string& workspace_id) const override {
    return running_.any(workspace_id);
  }
  void describe(const WorkspaceRecord& record, api::Workspace& workspace) const override;
  std::optional<api::ConnectionMaker> maker(const WorkspaceRecord& record,
                                            const std::string& job_id) const override;
  void end_all(const WorkspaceRecord& record) override;
  void collect_garbage(const WorkspaceRecord& record) override;
  void forget(const std::string& workspace_id) override { table_.forget(workspace_id); }

 private:
  void adopt();
  void note(const ServiceRecord& now);
  ServiceRecord find(const WorkspaceRecord& record, const std::string& name) const;
  ServiceRecord start(const Workspaces::Use& use, const api::StartService& request,
                      const bus::Call& call);
  api::ServiceReply reply(const ServiceRecord& service) const;
  LogText log_of(const ServiceRecord& service, const std::string& vm_id, std::uint32_t stream,
                 const api::ServiceLogs& request, const bus::Call& call) const;

  Workspaces& workspaces_;
  ReviewLog& reviews_;
  Secrets& secrets_;
  Ports& ports_;
  ServiceTable table_;
  ServiceLogFiles logs_;
  RunningServices running_;
};

}  // namespace pyro::workspace
