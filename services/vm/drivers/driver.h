#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/api/machine.h"
#include "services/vm/machine_paths.h"
#include "services/vm/machine_record.h"

namespace pyro::vm {

/// How a machine is launched: what the shim runs, and what callers are told about it.
struct Launch {
  std::vector<std::string> argv;
  std::string home = "/root";  ///< HOME of its commands, and where they start
  api::ExecutionMode execution_mode = api::ExecutionMode::kPending;
  std::map<std::string, std::string> metadata;
};

/// Makes a machine's files and the command line of what runs it. Everything above is the same
/// for all drivers: the shim starts the command and serves its link.
class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;

  /// Makes what is missing in the machine's directory and plans its launch.
  virtual Launch prepare(const MachineRecord& record, const MachinePaths& paths) = 0;
};

}  // namespace pyro::vm
