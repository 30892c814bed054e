#pragma once

#include <optional>
#include <vector>

#include "common/directory_lease/directory_lease.h"
#include "common/work/turns.h"
#include "services/vm/boot/shim_process.h"

namespace pyro::vm {

/// This process's state of one machine, beside its record.
struct LiveMachine {
  /// One operation at a time; delete and stop interrupt it.
  Turns turns;
  /// Its shim, while it is started. Used only within a turn.
  std::optional<ShimProcess> shim;
  /// Protect its environment and kernel while it exists.
  std::vector<DirectoryLease> leases;
};

}  // namespace pyro::vm
