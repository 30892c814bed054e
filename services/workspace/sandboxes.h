#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "common/api/files.h"
#include "common/api/machine.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// Machines that run workspaces: the vm service makes them, the files service their volumes.
/// Thread-safe.
class Sandboxes {
 public:
  /// `left_behind`: a machine that could not be deleted again.
  Sandboxes(bus::Client& machines, bus::Client& files, std::function<void()> left_behind)
      : machines_(machines), files_(files), left_behind_(std::move(left_behind)) {}

  struct Wanted {
    const api::Workspace& workspace;
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

  /// The machine as it stands; a stopped one when the vm service has none of that id.
  api::Machine status(const std::string& vm_id, const Work& work);
  /// Whether status() found none.
  static bool is_gone(const api::Machine& machine) { return machine.created_at == 0; }
  api::Machine start(const std::string& vm_id, const Work& work);
  api::Machine stop(const std::string& vm_id);
  api::WorkspaceMachines all();
  /// One that is gone already is no error.
  void remove(const std::string& vm_id);
  /// The same where nothing can be done about a failure.
  void remove_if_possible(const std::string& vm_id) noexcept;

 private:
  class Starting;
  api::Machine give_volume(const Wanted& wanted, Starting& starting, const bus::Call& call,
                           const std::stop_token& stop);
  bus::Client& machines_;
  bus::Client& files_;
  std::function<void()> left_behind_;
};

}  // namespace pyro::workspace
