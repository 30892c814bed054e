#include "services/files/guest_slots.h"

#include "common/base/reasons/stack.h"
#include "services/files/work_check.h"

namespace pyro::files {

GuestSlots::Slot GuestSlots::take(const std::string& vm_id, const Work& work) {
  std::unique_lock lock(mutex_);
  const auto free = [&] { return taken_[vm_id] < kMostPerGuest; };
  if (!freed_.wait_until(lock, work.stop, work.deadline, free)) {
    lock.unlock();
    check(work);
    throw deadline_exceeded(reason::kBusy, "the guest was busy with other files for too long");
  }
  ++taken_[vm_id];
  return {nullptr, [this, vm_id](void*) { give_back(vm_id); }};
}

void GuestSlots::give_back(const std::string& vm_id) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(vm_id);
    if (--found->second == 0) taken_.erase(found);
  }
  freed_.notify_all();
}

}  // namespace pyro::files
