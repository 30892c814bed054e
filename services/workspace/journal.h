#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/api/agent.h"
#include "common/api/workspace.h"
#include "common/config/paths.h"
#include "common/guest/captured_output.h"
#include "common/registry/registry.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// A row of the table `workspace_commands`. What the command printed is in files beside the
/// registry, written before the row says that it has ended.
struct CommandRecord {
  std::string workspace_id;
  std::uint32_t session = 0;
  std::uint64_t sequence = 0;
  std::string command;
  std::string cwd;
  std::string job_id;
  std::uint32_t timeout_seconds = 0;
  api::agent::JobState state = api::agent::JobState::kRunning;
  std::optional<std::int32_t> exit_code;
  std::uint64_t duration_ms = 0;
  api::ExecutionMode execution_mode = api::ExecutionMode::kPending;
  double recorded_at = 0;
  bool stdout_truncated = false;
  bool stderr_truncated = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &CommandRecord::workspace_id, "The workspace.");
    f("session", &CommandRecord::session, "The session it ran in.");
    f("sequence", &CommandRecord::sequence, "Its number in that, from 1.");
    f("command", &CommandRecord::command, "The command.");
    f("cwd", &CommandRecord::cwd, "Where it started.");
    f("job_id", &CommandRecord::job_id, "The agent's job.");
    f("timeout_seconds", &CommandRecord::timeout_seconds, "Seconds until it is killed.");
    f("state", &CommandRecord::state, "running, exited, timed_out or cancelled.");
    f("exit_code", &CommandRecord::exit_code, "Exit status, once it ended by itself or in time.");
    f("duration_ms", &CommandRecord::duration_ms, "Milliseconds it ran.");
    f("execution_mode", &CommandRecord::execution_mode, "How it was reached.");
    f("recorded_at", &CommandRecord::recorded_at, "When it began, seconds since the epoch.");
    f("stdout_truncated", &CommandRecord::stdout_truncated, "The middle was dropped.");
    f("stderr_truncated", &CommandRecord::stderr_truncated, "The middle was dropped.");
  }

  api::CommandSummary summary() const;
};

/// What a command printed, as kept: capped per stream.
struct CommandOutput {
  CapturedOutput stdout_text;
  CapturedOutput stderr_text;
};

/// The history of commands. Thread-safe.
class Journal {
 public:
  /// What the commands of one session may have printed in all.
  static constexpr std::uint64_t kSessionBytes = 256U << 20U;

  Journal(Registry& registry, Paths paths, std::uint64_t session_bytes = kSessionBytes)
      : paths_(std::move(paths)),
        session_bytes_(session_bytes),
        rows_(registry, "workspace_commands") {}

  /// Records a command that is about to run, and gives it its number.
  CommandRecord begin(const WorkspaceRecord& workspace, CommandRecord command);
  /// It never ran.
  void retract(const CommandRecord& command);
  /// Keeps what it printed, then records how it ended. What all of a session printed is capped:
  /// the oldest gives way, and its entries say so.
  void finish(CommandRecord& command, const CommandOutput& output);

  std::uint64_t count(const WorkspaceRecord& workspace) const;
  /// The latest first.
  std::vector<CommandRecord> recent(const WorkspaceRecord& workspace, std::uint32_t limit) const;
  /// All of the session, with what they printed.
  api::WorkspaceLog log(const WorkspaceRecord& workspace) const;
  /// Of all workspaces: those that have not ended as far as is known.
  std::vector<CommandRecord> running() const;

  /// Removes the commands of all sessions but this one.
  void forget_other_sessions(const WorkspaceRecord& workspace);
  /// Removes the rows of a workspace; its files go with its directory.
  void forget(const std::string& workspace_id);

 private:
  static std::string row_of(const CommandRecord& command);
  void make_room(const CommandRecord& latest);
  std::filesystem::path output_file(const CommandRecord& command, std::string_view stream) const;

  Paths paths_;
  std::uint64_t session_bytes_;
  mutable std::mutex mutex_;
  RecordTable<CommandRecord> rows_;
};

}  // namespace pyro::workspace
