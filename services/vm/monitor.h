#pragma once

#include <filesystem>

#include "common/base/clock.h"
#include "common/process/wait.h"

namespace pyro::vm {

/// A VMM's control connection. Held by this service itself, and only until somebody uses the
/// guest: from then on a machine has none.
class Monitor {
 public:
  Monitor() = default;
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  virtual ~Monitor() = default;

  /// Stops the guest's processors and writes the state of its devices to `file`, which is made.
  /// The guest is of no more use then.
  virtual void save(const std::filesystem::path& file, Deadline deadline, const StopFd& stop) = 0;
  /// Restores what `save` wrote and lets the guest go on; the VMM was started for that.
  virtual void load(Deadline deadline, const StopFd& stop) = 0;
  virtual void pause(Deadline deadline, const StopFd& stop) = 0;
  virtual void resume(Deadline deadline, const StopFd& stop) = 0;
};

}  // namespace pyro::vm
