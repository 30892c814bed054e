#pragma once

#include "common/base/unique_fd.h"

namespace pyro::agent::files {

/// The file system of a workspace. It holds `tree/`, and `.pyro/` beside it.
class Volume {
 public:
  virtual ~Volume() = default;
  /// Mounts it at a hidden place, and gives a descriptor of its top directory.
  /// kFailedPrecondition: the machine has none.
  virtual UniqueFd open() = 0;
  /// Shows `tree` to the jobs.
  virtual void show_tree(int top) = 0;
  /// Hides it again, once no process has a descriptor in it but `open`'s caller, which closes its
  /// own with this. kFailedPrecondition: it is in use, or the machine cannot.
  virtual void close(UniqueFd top) = 0;
  /// kFailedPrecondition: it is frozen already, or cannot be.
  virtual void freeze(int top) = 0;
  /// Whether it was frozen. Needs no lock and no memory.
  virtual bool thaw(int top) noexcept = 0;
};

}  // namespace pyro::agent::files
