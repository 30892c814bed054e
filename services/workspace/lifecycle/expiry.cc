#include "services/workspace/lifecycle/expiry.h"

#include "common/base/clock.h"
#include "common/log/log.h"

namespace pyro::workspace {

Expiry::Expiry(Workspaces& workspaces, Lifecycle& lifecycle)
    : workspaces_(workspaces), lifecycle_(lifecycle) {
  workspaces_.on_expiry_change([this] { reaper_.wake(); });
}

Expiry::~Expiry() { workspaces_.on_expiry_change({}); }

std::optional<double> Expiry::next() {
  std::optional<double> next;
  for (const auto& record : workspaces_.table().all()) {
    // The end of its use wakes the reaper.
    if (workspaces_.is_in_use(record.id())) continue;
    const double expiry = record.workspace.expires_at;
    if (!next || expiry < *next) next = expiry;
  }
  return next;
}

void Expiry::reap() {
  const auto is_due = [this](const WorkspaceRecord& record) {
    return record.workspace.expires_at <= now_epoch_seconds() &&
           !workspaces_.is_in_use(record.id());
  };
  for (const auto& candidate : workspaces_.table().all()) {
    if (!is_due(candidate)) continue;
    const auto state = workspaces_.live(candidate.id());
    const auto turn = state->turns.begin({});
    // A call may have ended just before, or may just have come.
    const auto record = workspaces_.table().get(candidate.id());
    if (!record || !is_due(*record)) continue;
    lifecycle_.erase(*record, Lifecycle::Ending::kExpired);
    log::info("workspace {} expired and was deleted", candidate.id());
  }
}

}  // namespace pyro::workspace
