#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/api/workspace_shells.h"
#include "common/registry/registry.h"
#include "services/workspace/shells/shell_text.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// A row of the table `workspace_shells`. The guest has the shell itself and its output.
struct ShellRecord {
  std::string workspace_id;
  std::uint32_t session = 0;
  api::Shell shell;
  std::vector<ShellPlace> places;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &ShellRecord::workspace_id, "The workspace it is in.");
    f("session", &ShellRecord::session, "The session it was opened in.");
    f("shell", &ShellRecord::shell, "The shell as callers see it.");
    f("places", &ShellRecord::places, "Where readers stopped last, by their cursors.");
  }

  const std::string& id() const { return shell.shell_id; }
  bool running() const { return shell.state == api::ShellState::kRunning; }
  /// The last known one at or before the cursor.
  ShellPlace place_before_cursor(std::uint64_t cursor) const;
  ShellPlace place_before_offset(std::uint64_t offset) const;
};

/// not_found: `shell 'x' does not exist in workspace 'y'`
Error no_such_shell(const std::string& workspace_id, const std::string& shell_id);

/// The rows of shells. Thread-safe.
class ShellStore {
 public:
  /// Of a shell so many places are kept: a reader who is further back costs more work.
  static constexpr std::size_t kMostPlaces = 16;

  explicit ShellStore(Registry& registry) : rows_(registry, "workspace_shells") {}

  /// not_found: there is none in the session.
  ShellRecord find(const WorkspaceRecord& workspace, const std::string& shell_id) const;
  std::optional<ShellRecord> get(const WorkspaceRecord& workspace,
                                 const std::string& shell_id) const;
  void add(const ShellRecord& shell);
  /// Its program has ended; nothing for one that is gone or has ended before.
  void end(const ShellRecord& shell, std::optional<std::int32_t> exit_code);
  void resize(const ShellRecord& shell, std::uint32_t cols, std::uint32_t rows);
  void remember(const ShellRecord& shell, const ShellPlace& place);
  void erase(const ShellRecord& shell);

  /// Of the session, the oldest first.
  std::vector<ShellRecord> all(const WorkspaceRecord& workspace) const;
  std::uint64_t count(const WorkspaceRecord& workspace) const;
  /// Of all workspaces, as far as is known.
  std::vector<ShellRecord> running() const;

  void erase_all(const WorkspaceRecord& workspace);
  void forget_other_sessions(const WorkspaceRecord& workspace);
  void forget(const std::string& workspace_id);

 private:
  static std::string row_of(const ShellRecord& shell);
  template <class Change>
  void update(const ShellRecord& shell, const Change& change);

  mutable std::mutex mutex_;
  RecordTable<ShellRecord> rows_;
};

}  // namespace pyro::workspace
