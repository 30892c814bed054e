#include "services/workspace/machines.h"

#include <chrono>

#include "common/base/clock.h"
#include "common/base/error.h"

namespace pyro::workspace {
namespace {

constexpr std::chrono::seconds kShortLimit{60};
/// The guest writes to its disks what is in its memory.
constexpr std::chrono::seconds kStopLimit{100};

}  // namespace

api::Machine Machines::status(const std::string& vm_id, const Work& work) {
  try {
    return vm_.call(api::MachineStatus{.vm_id = vm_id}, work);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return {.vm_id = vm_id,
            .state = api::MachineState::kStopped,
            .last_error = "its machine is gone; a reset makes a new one"};
  }
}

api::Machine Machines::start(const std::string& vm_id, const Work& work) {
  return vm_.call(api::StartMachine{.vm_id = vm_id}, work);
}

api::Machine Machines::stop(const std::string& vm_id, const std::stop_token& stop) {
  return vm_.call(api::StopMachine{.vm_id = vm_id},
                  {.deadline = Clock::now() + kStopLimit, .stop = stop});
}

void Machines::set_aside(const std::string& vm_id) {
  vm_.call(api::StopMachine{.vm_id = vm_id, .set_aside = true},
           {.deadline = Clock::now() + kStopLimit});
}

void Machines::remove(const std::string& vm_id, const std::stop_token& stop) {
  try {
    vm_.call(api::DeleteMachine{.vm_id = vm_id},
             {.deadline = Clock::now() + kShortLimit, .stop = stop});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
  }
}

api::DiskPaths Machines::disks(const std::string& vm_id, const Work& work) {
  return vm_.call(api::GetDisks{.vm_id = vm_id}, work);
}

api::WorkspaceMachines Machines::all(const std::stop_token& stop) {
  return vm_.call(api::ListWorkspaceMachines{},
                  {.deadline = Clock::now() + kShortLimit, .stop = stop});
}

}  // namespace pyro::workspace
