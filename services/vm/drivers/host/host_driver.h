#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "services/vm/drivers/driver.h"

namespace pyro::vm::host {

/// The words that run the agent over `root` on this host: in bubblewrap when `bwrap` names it, so
/// that a command sees the host's files read-only and no process but its own; plainly otherwise.
std::vector<std::string> command_line(const std::optional<std::filesystem::path>& bwrap,
                                      const std::filesystem::path& agent,
                                      const std::filesystem::path& root);

/// Host compatibility mode: the same agent as an ordinary process. There is no guest around it;
/// machines say so with execution_mode host_compat.
class HostDriver : public Driver {
 public:
  explicit HostDriver(std::filesystem::path agent) : agent_(std::move(agent)) {}
  Launch prepare(const MachineRecord& record, const MachinePaths& paths) override;

 private:
  std::filesystem::path agent_;
};

}  // namespace pyro::vm::host
