#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/api/agent.h"
#include "common/api/workspace_commands.h"
#include "common/base/error.h"
#include "common/config/paths.h"
#include "common/guest/captured_output.h"
#include "common/registry/registry.h"
#include "services/workspace/commands/cursors.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// A row of the table `workspace_commands`. The command's output is in files beside the registry,
/// written before the row says that it has ended.
struct CommandRecord {
  std::string workspace_id;
  std::uint32_t session = 0;
  std::uint64_t sequence = 0;
  std::string command;
  std::string cwd;
  std::string job_id;
  std::uint32_t timeout_seconds = 0;
  api::JobState state = api::JobState::kRunning;
  std::optional<std::int32_t> exit_code;
  std::optional<api::KilledBy> killed_by;
  std::optional<api::LikelyCause> likely_cause;
  std::vector<api::EgressDenied> egress_denied;
  std::uint64_t duration_ms = 0;
  api::ExecutionMode execution_mode = api::ExecutionMode::kPending;
  double recorded_at = 0;
  bool stdout_truncated = false;
  bool stderr_truncated = false;
  std::uint64_t stdout_bytes = 0;
  std::uint64_t stderr_bytes = 0;
  std::uint64_t stdout_head_bytes = 0;
  std::uint64_t stderr_head_bytes = 0;

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
    f("killed_by", &CommandRecord::killed_by, api::kKilledBy, api::kAbsentWhenNull);
    f("likely_cause", &CommandRecord::likely_cause, api::kLikelyCause, api::kAbsentWhenNull);
    f("egress_denied", &CommandRecord::egress_denied, api::kEgressDenied);
    f("duration_ms", &CommandRecord::duration_ms, "Milliseconds it ran.");
    f("execution_mode", &CommandRecord::execution_mode, "How it was reached.");
    f("recorded_at", &CommandRecord::recorded_at, "When it began, seconds since the epoch.");
    f("stdout_truncated", &CommandRecord::stdout_truncated, "The middle was dropped.");
    f("stderr_truncated", &CommandRecord::stderr_truncated, "The middle was dropped.");
    f("stdout_bytes", &CommandRecord::stdout_bytes, "Bytes printed in all, once it ended.");
    f("stderr_bytes", &CommandRecord::stderr_bytes, "Bytes printed in all, once it ended.");
    f("stdout_head_bytes", &CommandRecord::stdout_head_bytes, "Kept bytes of its beginning.");
    f("stderr_head_bytes", &CommandRecord::stderr_head_bytes, "Kept bytes of its beginning.");
  }

  bool running() const { return state == api::JobState::kRunning; }
  /// From its start to its end, or to now.
  std::uint64_t elapsed_ms() const;
  api::CommandSummary summary() const;
};

/// The kept output of a command: capped per stream.
struct CommandOutput {
  CapturedOutput stdout_text;
  CapturedOutput stderr_text;
};

/// A command, and a part of what it printed.
struct CommandPart {
  CommandRecord command;
  OutputPart stdout_text;
  OutputPart stderr_text;
};

/// All that is kept of what a command printed, with a line where something was dropped.
struct CommandText {
  std::string stdout_text;
  std::string stderr_text;
};

Error no_such_job(const std::string& workspace_id, const std::string& job_id);

/// The history of commands. Thread-safe.
class Journal {
 public:
  /// The limit for all output of one session's commands.
  static constexpr std::uint64_t kSessionBytes = 256U << 20U;

  Journal(Registry& registry, Paths paths, std::uint64_t session_bytes = kSessionBytes)
      : paths_(std::move(paths)),
        session_bytes_(session_bytes),
        rows_(registry, "workspace_commands"),
        cursors_(registry) {}

  /// Records a command that is about to run, and gives it its number.
  CommandRecord begin(const WorkspaceRecord& workspace, CommandRecord command);
  /// It never ran.
  void retract(const CommandRecord& command);
  /// Keeps its output, then records its end. The output of a session is capped: the oldest gives
  /// way, and its entries say so.
  void finish(CommandRecord& command, const CommandOutput& output);

  std::uint64_t count(const WorkspaceRecord& workspace) const;
  /// The latest first.
  std::vector<CommandRecord> recent(const WorkspaceRecord& workspace, std::uint32_t limit) const;
  /// The command of the session with that id.
  std::optional<CommandRecord> find(const WorkspaceRecord& workspace,
                                    const std::string& job_id) const;
  /// Those with that id of all workspaces and sessions.
  std::vector<CommandRecord> find_all(const std::string& job_id) const;
  /// The kept output of an ended command from there on.
  CommandPart read(const CommandRecord& command, const OutputPlace& from,
                   std::uint64_t max_bytes) const;
  CommandText text(const CommandRecord& command) const;

  /// The output so far of a running one; nullopt when it is not known.
  using Live = std::function<std::optional<CommandOutput>(const CommandRecord&)>;
  /// All of the session, with what they printed.
  api::WorkspaceLog log(const WorkspaceRecord& workspace, const Live& live = {},
                        std::optional<std::uint32_t> offset = {}) const;

  /// invalid_argument: no poll returned that cursor of the command.
  OutputPlace place_of(const CommandRecord& command, std::uint64_t cursor) const;
  /// Remembers the place as long as the command. not_found: it was forgotten meanwhile.
  std::uint64_t cursor_of(const CommandRecord& command, const OutputPlace& place);

  /// The commands of all workspaces that have not ended as far as is known.
  std::vector<CommandRecord> running() const;

  /// Removes the commands of all sessions but this one.
  void forget_other_sessions(const WorkspaceRecord& workspace);
  /// Removes the rows of a workspace; its files go with its directory.
  void forget(const std::string& workspace_id);

 private:
  static std::string row_of(const CommandRecord& command);
  void erase(const std::string& row);
  bool keep(const CommandRecord& command, std::string_view stream, const CapturedOutput& captured);
  void drop_output(const CommandRecord& command) const;
  void make_room(const CommandRecord& latest);
  std::filesystem::path output_file(const CommandRecord& command, std::string_view stream) const;

  Paths paths_;
  std::uint64_t session_bytes_;
  mutable std::mutex mutex_;
  RecordTable<CommandRecord> rows_;
  Cursors cursors_;
};

}  // namespace pyro::workspace
