#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/api/network.h"
#include "common/base/unique_fd.h"
#include "common/confinement/confinement_plan.h"
#include "common/guest/machine_paths.h"
#include "services/vm/drivers/template_shape.h"

namespace pyro::vm {

/// How to launch a machine: what the shim runs, and the facts for callers.
struct Launch {
  std::vector<std::string> argv;
  std::vector<std::pair<int, UniqueFd>> descriptors{};  ///< for the VMM, under these numbers
  bool has_monitor = false;     ///< on kMonitorFd; the shim holds its other end
  bool has_console = false;     ///< on kConsoleFd
  bool restored = false;        ///< the VMM waits for control::Load
  bool ends_by_signals = true;  ///< by SIGTERM, SIGHUP and SIGINT, which a logout sends
  int niceness = 0;
  api::NetworkRules network{};  ///< its gate starts while it boots
  ConfinementPlan confinement{};
  std::string home = "/root";  ///< HOME and working directory of its commands
  api::ExecutionMode execution_mode = api::ExecutionMode::kPending;
  std::map<std::string, std::string> metadata;
};

/// The files of a template, or of a restore.
struct TemplateFiles {
  std::filesystem::path memory;
  std::filesystem::path state;
  std::filesystem::path system_disk;
};

/// Makes a machine's files and the command line of its VMM. Everything above is common to all
/// drivers: the shim starts the command and serves its link.
class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;

  /// Makes the missing files in the machine's directory and plans its launch.
  virtual Launch prepare(const api::Machine& machine, const api::BootFiles& boot,
                         const MachinePaths& paths) = 0;

  /// The shape of the template that can start this machine; nullopt: no templates.
  virtual std::optional<TemplateShape> shape_of(const api::Machine& /*machine*/,
                                                const api::BootFiles& /*boot*/) const {
    return std::nullopt;
  }
  /// A new machine with `files.memory` as its memory, for a boot, a save there and its end.
  virtual Launch prepare_template(const api::Machine& machine, const api::BootFiles& boot,
                                  const MachinePaths& paths, const TemplateFiles& files);
  /// A new machine that continues from the template's state.
  virtual Launch prepare_restore(const api::Machine& machine, const api::BootFiles& boot,
                                 const MachinePaths& paths, const TemplateFiles& files);
};

}  // namespace pyro::vm
