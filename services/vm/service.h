#pragma once

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "common/registry/registry.h"
#include "common/service/service_host.h"
#include "services/vm/guest_host.h"
#include "services/vm/machines.h"
#include "services/vm/preparer.h"

namespace pyro::vm {

/// The vm service: checks the request, calls a noun, builds the reply.
class Service {
 public:
  explicit Service(ServiceHost& host);

  api::Machine handle(const api::CreateMachine& request, bus::Call& call);
  api::Machine handle(const api::StartMachine& request, bus::Call& call);
  api::MachineExecResult handle(const api::ExecMachine& request, bus::Call& call);
  api::MachineExecResult handle(const api::RunMachine& request, bus::Call& call);
  api::Machine handle(const api::StopMachine& request, bus::Call& call);
  api::Cleanup handle(const api::DeleteMachine& request, bus::Call& call);
  api::Machine handle(const api::MachineStatus& request, bus::Call& call);
  api::MachineNetwork handle(const api::MachineNetworkInfo& request, bus::Call& call);
  api::Machine handle(const api::MountVolume& request, bus::Call& call);
  api::WorkspaceMachines handle(const api::ListWorkspaceMachines& request, bus::Call& call);
  api::ReapResult handle(const api::ReapExpired& request, bus::Call& call);
  api::HostCapabilities handle(const api::GetCapabilities& request, bus::Call& call);
  api::Nothing handle(const api::Quiesce& request, bus::Call& call);
  api::DailyLoop handle(const api::GetDailyLoop& request, bus::Call& call);
  api::PreparedEnvironment handle(const api::PrepareTemplate& request, bus::Call& call);
  api::PrunedTemplates handle(const api::PruneTemplates& request, bus::Call& call);

 private:
  MachineRecord create(const api::CreateMachine& request, bool belongs_to_run, bus::Call& call);
  std::optional<api::BootFiles> installed_boot_files(bus::Call& call);

  Registry registry_;
  GuestHost guest_host_;
  TemplateStore templates_;
  TemplateBuilder builder_;
  StandbyPool standbys_;
  GuestStarter starter_;
  Warmer warmer_;
  Machines machines_;
  Preparer preparer_;
  bus::Client images_;
};

}  // namespace pyro::vm
