#include "services/workspace/shells/shell_store.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/api/message_table.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/reasons/workspace.h"

namespace pyro::workspace {

Error no_such_shell(const std::string& workspace_id, const std::string& shell_id) {
  return not_found(reason::kShellMissing, "shell '{}' does not exist in workspace '{}'", shell_id,
                   workspace_id);
}

ShellPlace ShellRecord::place_before_cursor(std::uint64_t cursor) const {
  ShellPlace found;
  for (const auto& place : places) {
    if (place.cursor <= cursor && place.cursor >= found.cursor) found = place;
  }
  return found;
}

ShellPlace ShellRecord::place_before_offset(std::uint64_t offset) const {
  ShellPlace found;
  for (const auto& place : places) {
    if (place.offset <= offset && place.offset >= found.offset) found = place;
  }
  return found;
}

std::string ShellStore::row_of(const ShellRecord& shell) {
  return fmt::format("{}/{:06}/{}", shell.workspace_id, shell.session, shell.id());
}

std::optional<ShellRecord> ShellStore::get(const WorkspaceRecord& workspace,
                                           const std::string& shell_id) const {
  // A row's id is made of it.
  if (shell_id.find('/') != std::string::npos) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return rows_.get(workspace.session_prefix() + shell_id);
}

ShellRecord ShellStore::find(const WorkspaceRecord& workspace, const std::string& shell_id) const {
  if (auto shell = get(workspace, shell_id)) return *std::move(shell);
  throw no_such_shell(workspace.id(), shell_id);
}

void ShellStore::add(const ShellRecord& shell) {
  const std::lock_guard lock(mutex_);
  rows_.put(row_of(shell), shell);
}

template <class Change>
void ShellStore::update(const ShellRecord& shell, const Change& change) {
  const std::lock_guard lock(mutex_);
  auto now = rows_.get(row_of(shell));
  if (!now || !change(*now)) return;
  rows_.put(row_of(shell), *now);
}

void ShellStore::end(const ShellRecord& shell, std::optional<std::int32_t> exit_code) {
  update(shell, [&](ShellRecord& now) {
    if (!now.running()) return false;
    now.shell.state = api::ShellState::kStopped;
    now.shell.exit_code = exit_code;
    now.shell.ended_at = now_epoch_seconds();
    return true;
  });
}

void ShellStore::resize(const ShellRecord& shell, std::uint32_t cols, std::uint32_t rows) {
  update(shell, [&](ShellRecord& now) {
    now.shell.cols = cols;
    now.shell.rows = rows;
    return true;
  });
}

void ShellStore::remember(const ShellRecord& shell, const ShellPlace& place) {
  update(shell, [&](ShellRecord& now) {
    const auto at = std::find_if(now.places.begin(), now.places.end(),
                                 [&](const auto& known) { return known.cursor >= place.cursor; });
    if (at != now.places.end() && at->cursor == place.cursor) {
      if (at->offset >= place.offset) return false;
      *at = place;
      return true;
    }
    now.places.insert(at, place);
    if (now.places.size() > kMostPlaces) now.places.erase(now.places.begin());
    return true;
  });
}

void ShellStore::erase(const ShellRecord& shell) {
  const std::lock_guard lock(mutex_);
  rows_.erase(row_of(shell));
}

std::vector<ShellRecord> ShellStore::all(const WorkspaceRecord& workspace) const {
  const std::lock_guard lock(mutex_);
  auto shells = rows_.last_below(workspace.session_prefix());
  std::sort(shells.begin(), shells.end(), [](const auto& a, const auto& b) {
    return std::pair(a.shell.started_at, a.id()) < std::pair(b.shell.started_at, b.id());
  });
  return shells;
}

std::uint64_t ShellStore::count(const WorkspaceRecord& workspace) const {
  const std::lock_guard lock(mutex_);
  return rows_.count_below(workspace.session_prefix());
}

std::vector<ShellRecord> ShellStore::running() const {
  const std::lock_guard lock(mutex_);
  auto shells = rows_.all();
  std::erase_if(shells, [](const auto& shell) { return !shell.running(); });
  return shells;
}

void ShellStore::erase_all(const WorkspaceRecord& workspace) {
  const std::lock_guard lock(mutex_);
  rows_.erase_below(workspace.session_prefix());
}

void ShellStore::forget_other_sessions(const WorkspaceRecord& workspace) {
  const std::lock_guard lock(mutex_);
  for (const auto& id : rows_.last_ids_below(workspace.id() + "/")) {
    if (!id.starts_with(workspace.session_prefix())) rows_.erase(id);
  }
}

void ShellStore::forget(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  rows_.erase_below(workspace_id + "/");
}

}  // namespace pyro::workspace

PYRO_TABLE(pyro::workspace::ShellRecord)
