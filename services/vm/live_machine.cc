#include "services/vm/live_machine.h"

namespace pyro::vm {

std::unique_ptr<LiveMachine::Operation> LiveMachine::start_operation(
    std::unique_lock<std::mutex> lock, const std::stop_token& caller) {
  const std::lock_guard current(current_mutex_);
  current_stop_ = std::stop_source();
  current_interruption_ = std::make_shared<Operation::Interruption>();
  return std::unique_ptr<Operation>(
      new Operation(std::move(lock), current_stop_, current_interruption_, caller));
}

std::unique_ptr<LiveMachine::Operation> LiveMachine::begin(const std::stop_token& caller) {
  return start_operation(std::unique_lock(operation_), caller);
}

std::unique_ptr<LiveMachine::Operation> LiveMachine::interrupt(std::string reason) {
  {
    const std::lock_guard current(current_mutex_);
    if (current_interruption_) current_interruption_->set(std::move(reason));
    current_stop_.request_stop();
  }
  return start_operation(std::unique_lock(operation_), {});
}

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
