#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "services/vm/drivers/driver.h"

namespace pyro::vm::host {

/// The surroundings of one machine's agent.
struct Plan {
  std::optional<std::filesystem::path> bwrap;
  std::filesystem::path agent;
  std::filesystem::path root;       ///< HOME of its commands
  std::filesystem::path workspace;  ///< holds `tree`, which is /workspace in bubblewrap
  /// The entries directly below / on this host, shown in bubblewrap.
  std::vector<std::filesystem::path> top;
};

/// The command line of the agent on this host: in bubblewrap if installed, so that a command sees
/// the host's files read-only and only its own processes.
std::vector<std::string> command_line(const Plan& plan);

/// Host compatibility mode: the same agent as an ordinary process, without a guest around it;
/// machines say so with execution_mode host_compat.
class HostDriver : public Driver {
 public:
  explicit HostDriver(std::filesystem::path agent) : agent_(std::move(agent)) {}
  Launch prepare(const api::Machine& machine, const api::BootFiles& boot,
                 const MachinePaths& paths) override;

 private:
  std::filesystem::path agent_;
};

}  // namespace pyro::vm::host
