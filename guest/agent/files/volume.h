#pragma once

#include "common/base/unique_fd.h"

namespace pyro::agent::files {

/// What a workspace lies on: a file system that holds `tree/`, and `.pyro/` beside it.
class Volume {
 public:
  virtual ~Volume() = default;
  /// Mounts it where nobody else sees it, and gives a descriptor of its top directory.
  /// kFailedPrecondition: the machine has none.
  virtual UniqueFd open() = 0;
  /// Shows `tree` to the jobs.
  virtual void show_tree(int top) = 0;
  /// Hides it again, once nobody has a descriptor in it but `open`'s caller, who closes his with
  /// this. kFailedPrecondition: somebody holds it, or it cannot be.
  virtual void close(UniqueFd top) = 0;
  /// kFailedPrecondition: it is frozen already, or cannot be.
  virtual void freeze(int top) = 0;
  /// Whether it was frozen. Needs no lock and no memory.
  virtual bool thaw(int top) noexcept = 0;
};

}  // namespace pyro::agent::files
