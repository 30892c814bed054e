#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/directory_lease/directory_lease.h"
#include "common/work/turns.h"
#include "services/vm/shim_process.h"

namespace pyro::vm {

/// What this process holds of one machine beside its record.
struct LiveMachine {
  /// One operation at a time; deleting and stopping interrupt the one under way.
  Turns turns;
  /// Its shim, while it is started. Touched only within a turn.
  std::optional<ShimProcess> shim;
  /// Keep what it boots from while it exists.
  std::vector<DirectoryLease> leases;
};

/// All machines this process has touched, by id. Thread-safe.
class LiveMachines {
 public:
  std::shared_ptr<LiveMachine> get(const std::string& vm_id);
  void forget(const std::string& vm_id);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<LiveMachine>> machines_;
};

}  // namespace pyro::vm
