#pragma once

#include <string>

#include "common/bus/call.h"
#include "common/config/paths.h"
#include "common/guest/machine_paths.h"
#include "common/guest/silent_guest.h"
#include "common/log/log.h"
#include "common/work/work.h"
#include "services/files/guest_slots.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// The guests of this host's machines. Thread-safe; outlives its calls.
class Guests {
 public:
  explicit Guests(Paths paths) : paths_(std::move(paths)) {}

  /// Connects to the guest for one call, whose log lines carry the machine's id, and returns the
  /// result of `action(GuestTree&, const Work&)`.
  template <class Action>
  auto with(const std::string& vm_id, const bus::Call& call, const Action& action) {
    const log::Context context(call.trace_id(), vm_id);
    return with(vm_id, call.work(), action);
  }

  /// The same for work on a single file, which no guest that is well takes longer for.
  template <class Action>
  auto with_one_file(const std::string& vm_id, const bus::Call& call, const Action& action) {
    constexpr std::chrono::seconds kOneFileLimit{60};
    const log::Context context(call.trace_id(), vm_id);
    return with(vm_id, call.work().within(kOneFileLimit), action);
  }

 private:
  template <class Action>
  auto with(const std::string& vm_id, const Work& work, const Action& action) {
    try {
      GuestTree guest =
          GuestTree::dial(MachinePaths(paths_, vm_id).link_socket, work, slots_.take(vm_id, work));
      return action(guest, work);
    } catch (const Error& error) {
      throw with_way_out(error);
    }
  }

  Paths paths_;
  GuestSlots slots_;
};

}  // namespace pyro::files
