#pragma once

#include <filesystem>

#include "common/work/work.h"

namespace pyro::vm {

/// A VMM's control connection. Held by this service itself, and only until the guest is used: from
/// then on a machine has none.
class Monitor {
 public:
  Monitor() = default;
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  virtual ~Monitor() = default;

  /// Stops the guest's processors and writes the state of its devices to `file`, which is made.
  /// The guest is of no more use then.
  virtual void save(const std::filesystem::path& file, const Work& work) = 0;
  /// Restores the file of `save` and resumes the guest; the VMM was started for that.
  virtual void load(const Work& work) = 0;
  virtual void pause(const Work& work) = 0;
  virtual void resume(const Work& work) = 0;
};

}  // namespace pyro::vm
