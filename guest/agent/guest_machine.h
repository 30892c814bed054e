#pragma once

#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "guest/agent/files/workspace.h"
#include "guest/agent/machine.h"

namespace pyro::agent {

/// The microVM that the agent is pid 1 of.
class GuestMachine : public Machine {
 public:
  /// File systems to be brought to rest before the power goes, by a descriptor inside each, and
  /// beside them the workspace.
  GuestMachine(std::vector<UniqueFd> volumes, files::Workspace& workspace)
      : volumes_(std::move(volumes)), workspace_(workspace) {}

  void personalize(const api::agent::Personalize& identity) override;
  [[noreturn]] void power_off() override;

  /// Writes what its commands wrote to its disks. Needless before a workspace is mounted: nobody
  /// starts such a machine again.
  void flush() noexcept;

 private:
  std::vector<UniqueFd> volumes_;
  files::Workspace& workspace_;
};

}  // namespace pyro::agent
