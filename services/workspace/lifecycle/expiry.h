#pragma once

#include <optional>

#include "common/reaper/reaper.h"
#include "services/workspace/lifecycle/lifecycle.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Deletes workspaces whose time is over. Work on one holds its expiry off.
class Expiry {
 public:
  Expiry(Workspaces& workspaces, Lifecycle& lifecycle);
  Expiry(const Expiry&) = delete;
  Expiry& operator=(const Expiry&) = delete;
  ~Expiry();

 private:
  std::optional<double> next();
  void reap();

  Workspaces& workspaces_;
  Lifecycle& lifecycle_;
  Reaper reaper_{{.next_expiry = [this] { return next(); }, .reap = [this] { reap(); }}};
};

}  // namespace pyro::workspace
