#include "services/workspace/lifecycle/expiry.h"

#include <algorithm>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/guest/machine_paths.h"
#include "common/log/log.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
namespace {

/// Between two looks at one whose expiry something holds off, or that could not be stopped.
constexpr double kLookAgainSeconds = 10;

}  // namespace

Expiry::Expiry(const Paths& paths, Workspaces& workspaces, Lifecycle& lifecycle)
    : paths_(paths), workspaces_(workspaces), lifecycle_(lifecycle) {
  workspaces_.on_expiry_change([this] { reaper_.wake(); });
}

Expiry::~Expiry() { workspaces_.on_expiry_change({}); }

std::optional<double> Expiry::next() {
  std::optional<double> next;
  for (const auto& record : workspaces_.table().all()) {
    // The end of its use wakes the reaper.
    if (workspaces_.is_in_use(record.id())) continue;
    double at = workspaces_.deletion_of(record).value_or(record.workspace.expires_at);
    if (record.expired_at && !settled_.contains(record.id())) at = 0;
    if (const auto again = look_again_.find(record.id()); again != look_again_.end()) {
      at = std::max(at, again->second);
    }
    if (!next || at < *next) next = at;
  }
  return next;
}

void Expiry::reap() {
  for (const auto& record : workspaces_.table().all()) {
    const auto again = look_again_.find(record.id());
    if (again != look_again_.end() && again->second > now_epoch_seconds()) continue;
    try {
      look_at(record);
    } catch (const Error& error) {
      look_again_[record.id()] = now_epoch_seconds() + kLookAgainSeconds;
      log::warn("workspace {} has expired: {}", record.id(), error.message());
    }
  }
  if (budget_changed_) keep_budget();
}

void Expiry::look_at(const WorkspaceRecord& record) {
  const double now = now_epoch_seconds();
  if (workspaces_.is_in_use(record.id())) return;
  if (!record.expired_at && record.workspace.expires_at <= now) {
    const auto& parts = workspaces_.parts();
    const auto goes_on = [&record](const Part* part) { return part->left_running(record); };
    // Who asks the guest comes last.
    if (workspaces_.is_held(record) || std::any_of(parts.begin(), parts.end(), goes_on)) {
      look_again_[record.id()] = now + kLookAgainSeconds;
      return;
    }
    end(record.id());
  }
  if (record.expired_at && !settled_.contains(record.id())) settle(record);
  if (const auto deletion = workspaces_.deletion_of(record); deletion && *deletion <= now) {
    end(record.id());
  }
}

/// The time of its present state is over.
void Expiry::end(const std::string& workspace_id) {
  const auto state = workspaces_.live(workspace_id);
  const auto turn = state->turns.begin({});
  // A call may have ended just before, or may just have come.
  const auto record = workspaces_.table().get(workspace_id);
  const double now = now_epoch_seconds();
  if (!record || workspaces_.is_in_use(workspace_id)) return;
  if (workspaces_.deletion_of(*record).value_or(record->workspace.expires_at) > now) return;
  const bool keep = !record->expired_at && !record->throwaway && workspaces_.config().keep_days > 0;
  if (keep) {
    lifecycle_.expire(workspace_id);
    lifecycle_.set_aside(*record);
    settled_.insert(workspace_id);
    budget_changed_ = true;
    log::info("workspace {} expired and was stopped", workspace_id);
  } else {
    lifecycle_.erase(*record, Lifecycle::Ending::kExpired);
    settled_.erase(workspace_id);
    log::info("workspace {} expired and was deleted", workspace_id);
  }
  look_again_.erase(workspace_id);
}

/// What a former process began, or what failed.
void Expiry::settle(const WorkspaceRecord& record) {
  const auto state = workspaces_.live(record.id());
  const auto turn = state->turns.begin({});
  const auto now = workspaces_.table().get(record.id());
  if (!now || !now->expired_at) return;
  lifecycle_.set_aside(*now);
  settled_.insert(record.id());
  look_again_.erase(record.id());
  budget_changed_ = true;
}

/// The oldest give way.
void Expiry::keep_budget() {
  budget_changed_ = false;
  std::vector<WorkspaceRecord> expired;
  for (auto& record : workspaces_.table().all()) {
    if (record.expired_at) expired.push_back(std::move(record));
  }
  std::sort(expired.begin(), expired.end(),
            [](const auto& a, const auto& b) { return a.expired_at > b.expired_at; });
  const std::uint64_t most = std::uint64_t{workspaces_.config().keep_gib} << 30U;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < expired.size(); ++i) {
    const WorkspaceRecord& record = expired[i];
    bytes += disk_usage(WorkspacePaths(paths_, record.id()).directory) +
             disk_usage(MachinePaths(paths_, record.vm_id).directory);
    if (i < workspaces_.config().keep_count && bytes <= most) continue;
    const auto state = workspaces_.live(record.id());
    const auto turn = state->turns.begin({});
    const auto now = workspaces_.table().get(record.id());
    if (!now || !now->expired_at || workspaces_.is_in_use(record.id())) continue;
    lifecycle_.erase(*now, Lifecycle::Ending::kExpired);
    settled_.erase(record.id());
    log::info("workspace {} gave way to other expired ones and was deleted", record.id());
  }
}

}  // namespace pyro::workspace
