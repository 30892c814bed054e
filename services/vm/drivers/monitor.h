#pragma once

#include <filesystem>

#include "common/work/work.h"

namespace pyro::vm {

/// A VMM's control connection. Only this service holds it, and only until the guest is used.
class Monitor {
 public:
  Monitor() = default;
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  virtual ~Monitor() = default;

  /// Stops the guest's processors and writes the state of its devices to `file`, a new one. The
  /// guest is unusable afterwards.
  virtual void save(const std::filesystem::path& file, const Work& work) = 0;
  /// Restores the file of `save` and resumes the guest; the VMM must have been started for it.
  virtual void load(const Work& work) = 0;
  virtual void pause(const Work& work) = 0;
  virtual void resume(const Work& work) = 0;
};

}  // namespace pyro::vm
