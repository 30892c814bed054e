#pragma once

#include <filesystem>

#include "common/api/adoption.h"
#include "common/bus/call.h"
#include "common/ownership/owned_directories.h"
#include "services/vm/machines/machines.h"

namespace pyro::vm {

/// Restores records that the registry lost or cannot read. Only of workspaces' machines: any other
/// was there for one command.
class MachineAdoption {
 public:
  MachineAdoption(std::filesystem::path state_dir, Registry& registry,
                  const OwnedDirectories& directories, Machines& machines)
      : state_dir_(std::move(state_dir)),
        registry_(registry),
        directories_(directories),
        machines_(machines) {}

  api::Adoption handle(const api::AdoptMachines& request, bus::Call& call);

 private:
  std::filesystem::path state_dir_;
  Registry& registry_;
  const OwnedDirectories& directories_;
  Machines& machines_;
};

}  // namespace pyro::vm
