#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/config/paths.h"
#include "common/reaper/reaper.h"
#include "services/workspace/lifecycle/lifecycle.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Stops workspaces whose time is over, keeps them for a while, and then deletes them. Work on one,
/// what runs in it, and the session that made it hold its expiry off.
class Expiry {
 public:
  Expiry(const Paths& paths, Workspaces& workspaces, Lifecycle& lifecycle);
  Expiry(const Expiry&) = delete;
  Expiry& operator=(const Expiry&) = delete;
  ~Expiry();

 private:
  std::optional<double> next();
  void reap();
  void look_at(const WorkspaceRecord& record);
  void end(const std::string& workspace_id);
  void settle(const WorkspaceRecord& record);
  void keep_budget();

  const Paths& paths_;
  Workspaces& workspaces_;
  Lifecycle& lifecycle_;
  // Of the reaper's thread alone.
  std::map<std::string, double> look_again_;  ///< at which, in seconds since the epoch
  std::set<std::string> settled_;             ///< expired ones whose machine is set aside
  bool budget_changed_ = true;
  Reaper reaper_{{.next_expiry = [this] { return next(); }, .reap = [this] { reap(); }}};
};

}  // namespace pyro::workspace
