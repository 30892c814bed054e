#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "common/api/files.h"
#include "common/api/machine.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "services/workspace/machines.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// Makes machines that run workspaces: the vm service starts them, the files service builds their
/// volumes. Thread-safe.
class Sandboxes {
 public:
  /// `left_behind`: a machine that could not be deleted again.
  Sandboxes(bus::Client& vm, bus::Client& files, Machines& machines,
            std::function<void()> left_behind)
      : vm_(vm), files_(files), machines_(machines), left_behind_(std::move(left_behind)) {}

  struct Wanted {
    const api::Workspace& workspace;
    api::NetworkRules network;
    api::BootPolicy boot;
    /// The workspace's machine that this one takes the place of.
    std::optional<std::string> replaces;
    std::filesystem::path volume;
    /// A guest wrote it: this host does not look into it.
    bool volume_is_foreign = false;
  };

  /// A fresh started machine with a copy of the volume at /workspace. When it fails there is no
  /// machine. `stop` ends it, beside the caller.
  api::Machine make(const Wanted& wanted, const bus::Call& call, const std::stop_token& stop);

  /// The same, and the volume is built from a seed while the machine starts.
  struct Seeded {
    api::Machine machine;
    api::WorkspaceSeed seed;
  };
  Seeded make_seeded(const Wanted& wanted, const api::CreateWorkspace& request,
                     const bus::Call& call, const std::stop_token& stop);

  /// Deletes a machine where nothing can be done about a failure.
  void remove_if_possible(const std::string& vm_id) noexcept;

 private:
  class Starting;
  api::Machine give_volume(const Wanted& wanted, Starting& starting, const bus::Call& call,
                           const std::stop_token& stop);
  bus::Client& vm_;
  bus::Client& files_;
  Machines& machines_;
  std::function<void()> left_behind_;
};

}  // namespace pyro::workspace
