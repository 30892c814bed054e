#pragma once

#include <mutex>
#include <set>
#include <string>

#include "common/ownership/owned_directories.h"
#include "services/workspace/lifecycle/collector.h"
#include "services/workspace/machines.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Machines, directories and rows that no record names, which killed processes and failed cleanups
/// leave. Its thread removes them, unless another registry made them. Thread-safe.
class Garbage {
 public:
  Garbage(const OwnedDirectories& directories, Workspaces& workspaces, Machines& machines)
      : directories_(directories), workspaces_(workspaces), machines_(machines) {}

  /// A workspace that is being made, which has no record yet: nothing of it is garbage.
  class Making {
   public:
    Making(Garbage& garbage, std::string workspace_id);
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;
    ~Making();

   private:
    Garbage& garbage_;
    std::string workspace_id_;
  };

  /// Something stayed behind.
  void wake() { collector_.wake(); }

 private:
  void collect(const std::stop_token& stop);
  void refresh(const std::string& workspace_id);
  bool is_left_alone(const std::string& workspace_id) const;
  void collect_machines(const std::set<std::string>& before, const std::stop_token& stop);
  void collect_directories(const std::set<std::string>& before);
  void collect_within(const std::string& workspace_id, const std::stop_token& stop);
  std::set<std::string> in_making() const;

  const OwnedDirectories& directories_;
  Workspaces& workspaces_;
  Machines& machines_;
  mutable std::mutex mutex_;
  std::set<std::string> in_making_;
  Collector collector_{[this](const std::stop_token& stop) { collect(stop); }};
};

}  // namespace pyro::workspace
