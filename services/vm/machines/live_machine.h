#pragma once

#include <optional>
#include <vector>

#include "common/directory_lease/directory_lease.h"
#include "common/work/turns.h"
#include "services/vm/boot/shim_process.h"

namespace pyro::vm {

/// The part of one machine that this process holds beside its record.
struct LiveMachine {
  /// One operation at a time; deleting and stopping interrupt the one under way.
  Turns turns;
  /// Its shim, while it is started. Touched only within a turn.
  std::optional<ShimProcess> shim;
  /// Keep what it boots from while it exists.
  std::vector<DirectoryLease> leases;
};

}  // namespace pyro::vm
