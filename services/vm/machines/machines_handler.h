#pragma once

#include <optional>
#include <string>
#include <utility>

#include "common/api/disks.h"
#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "services/vm/boot/guest_host.h"
#include "services/vm/machine_record.h"
#include "services/vm/machines/machines.h"

namespace pyro::vm {

/// The operations on machines, and on this host's means to run them.
class MachinesHandler {
 public:
  /// `nginx`: the setting package_cache.nginx.
  MachinesHandler(Machines& machines, GuestHost& host, bus::Client& images, std::string nginx)
      : machines_(machines), host_(host), images_(images), nginx_(std::move(nginx)) {}

  api::Machine handle(const api::CreateMachine& request, bus::Call& call);
  api::Machine handle(const api::StartMachine& request, bus::Call& call);
  api::MachineExecResult handle(const api::ExecMachine& request, bus::Call& call);
  api::MachineExecResult handle(const api::RunMachine& request, bus::Call& call);
  api::Machine handle(const api::StopMachine& request, bus::Call& call);
  api::Cleanup handle(const api::DeleteMachine& request, bus::Call& call);
  api::Machine handle(const api::MachineStatus& request, bus::Call& call);
  api::MachineNetwork handle(const api::MachineNetworkInfo& request, bus::Call& call);
  api::MachineNetwork handle(const api::SetMachineNetwork& request, bus::Call& call);
  api::Machine handle(const api::MountVolume& request, bus::Call& call);
  api::DiskPaths handle(const api::GetDisks& request, bus::Call& call);
  api::WorkspaceMachines handle(const api::ListWorkspaceMachines& request, bus::Call& call);
  api::ReapResult handle(const api::ReapExpired& request, bus::Call& call);
  api::HostCapabilities handle(const api::GetCapabilities& request, bus::Call& call);

 private:
  MachineRecord create(const api::CreateMachine& request, bool belongs_to_run, const Work& work);
  std::optional<api::BootFiles> installed_boot_files(const Work& work);

  Machines& machines_;
  GuestHost& host_;
  bus::Client& images_;
  std::string nginx_;
};

}  // namespace pyro::vm
