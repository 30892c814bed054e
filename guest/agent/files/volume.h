#pragma once

#include "common/api/agent_files.h"
#include "common/base/unique_fd.h"

namespace pyro::agent::files {

/// The file system of a workspace. It holds `tree/`, and `.pyro/` beside it.
class Volume {
 public:
  virtual ~Volume() = default;
  /// Mounts it at a hidden path, and returns a descriptor of its top directory.
  /// kFailedPrecondition: the machine has none.
  virtual UniqueFd open() = 0;
  /// Shows `tree` to the jobs.
  virtual void show_tree(int top) = 0;
  /// Undoes open and show_tree, and takes the caller's descriptor, which must be the last one.
  /// kFailedPrecondition: it is in use, or the machine cannot.
  virtual void close(UniqueFd top) = 0;
  /// The content of `tree`, which was just flushed.
  virtual api::agent::VolumeUsage usage(int top) = 0;
  /// kFailedPrecondition: it is already frozen, or cannot be.
  virtual void freeze(int top) = 0;
  /// Whether it was frozen. Needs no lock and no memory.
  virtual bool thaw(int top) noexcept = 0;
};

}  // namespace pyro::agent::files
