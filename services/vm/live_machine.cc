#include "services/vm/live_machine.h"

namespace pyro::vm {

std::shared_ptr<LiveMachine> LiveMachines::get(const std::string& vm_id) {
  const std::lock_guard lock(mutex_);
  auto& machine = machines_[vm_id];
  if (!machine) machine = std::make_shared<LiveMachine>();
  return machine;
}

void LiveMachines::forget(const std::string& vm_id) {
  const std::lock_guard lock(mutex_);
  machines_.erase(vm_id);
}

}  // namespace pyro::vm
