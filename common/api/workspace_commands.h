#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/api/page.h"
#include "common/api/workspace.h"

/// Commands in workspaces: run, followed by their ids, and their history. Owner: workspace service.
namespace pyro::api {

struct WorkspaceExecResult : WorkspaceReply, CommandRun {
  std::string job_id;
  JobState state = JobState::kExited;
  std::optional<std::uint64_t> cursor;
  std::optional<std::int32_t> exit_code;
  std::optional<KilledBy> killed_by;
  std::optional<LikelyCause> likely_cause;
  std::vector<EgressDenied> egress_denied;
  std::uint64_t duration_ms = 0;
  ExecutionMode execution_mode = ExecutionMode::kPending;
  std::uint64_t sequence = 0;
  std::string cwd;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    CommandRun::describe(f);
    f("job_id", &WorkspaceExecResult::job_id, kJobIdOfCommand);
    f("state", &WorkspaceExecResult::state,
      "exited, timed_out or cancelled; running: the command continues, and stdout and stderr are "
      "what it has printed so far. Call workspace_exec_poll with job_id and cursor for the rest.");
    f("cursor", &WorkspaceExecResult::cursor,
      "Only while it runs: the place where workspace_exec_poll reads on, behind all of this "
      "output.",
      kAbsentWhenNull);
    f("exit_code", &WorkspaceExecResult::exit_code,
      "Exit status; 124 after a time-out; absent while it runs, or when its guest ended first.",
      kAbsentWhenNull);
    f("killed_by", &WorkspaceExecResult::killed_by, kKilledBy, kAbsentWhenNull);
    f("likely_cause", &WorkspaceExecResult::likely_cause, kLikelyCause, kAbsentWhenNull);
    f("egress_denied", &WorkspaceExecResult::egress_denied, kEgressDenied);
    f("duration_ms", &WorkspaceExecResult::duration_ms,
      "Milliseconds from its start to its end, or to now.");
    f("execution_mode", &WorkspaceExecResult::execution_mode, "guest_serial, … or host_compat.");
    f("sequence", &WorkspaceExecResult::sequence, "Its number since the last reset, from 1.");
    f("cwd", &WorkspaceExecResult::cwd, "Where it started.");
  }
};

/// Runs one command in /workspace. It is a job: it continues when its caller vanishes, and ends
/// when the caller cancels. failed_precondition: the workspace is not started. A `job_id` that is
/// known in the session stands for its command, which is not run once more: so a call whose answer
/// was lost can be repeated. invalid_argument: it is another command's. failed_precondition as
/// well: a reset has forgotten the id since `first_called_at`.
struct ExecWorkspace {
  static constexpr Method kMethod{"workspace.exec"};
  using Reply = WorkspaceExecResult;
  std::string workspace_id;
  std::string command;
  std::uint32_t timeout_seconds = 30;
  std::map<std::string, std::string> secret_env;
  std::optional<std::string> output_socket;
  std::optional<std::string> job_id;
  std::optional<double> first_called_at;
  std::optional<std::uint32_t> answer_within_seconds;
  bool guests_only = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ExecWorkspace>(f);
    f("command", &ExecWorkspace::command, "Shell command.", kRequired, kPositional, kCommandLimit);
    f("timeout_seconds", &ExecWorkspace::timeout_seconds, "Seconds until it is killed.", kPositive,
      kTimeoutRange);
    describe_secret_env<ExecWorkspace>(f);
    f("output_socket", &ExecWorkspace::output_socket,
      "Unix socket for the live output; stdout and stderr of the reply are then empty.", kHidden);
    f("job_id", &ExecWorkspace::job_id, "The caller's own id for the command, 12 hex digits.",
      max_length(12), kHidden);
    f("first_called_at", &ExecWorkspace::first_called_at,
      "A repeated call: when it was made first, seconds since the epoch.", kHidden);
    f("guests_only", &ExecWorkspace::guests_only,
      "Refuse a workspace that runs on the host itself, also one of another caller.", kHidden);
    f("answer_within_seconds", &ExecWorkspace::answer_within_seconds,
      "A command that still runs then is answered as running; without it the call waits.", kHidden);
  }
};

/// The most that one poll holds of each stream.
inline constexpr std::uint64_t kPollBytes = 8000;
/// So much of each stream is behind `newest_cursor`: room for the output that comes while a poll
/// waits.
inline constexpr std::uint64_t kNewestBytes = kPollBytes / 2;

/// The workspace and the command of a request about a command.
template <class Request, class Fields>
void describe_job(Fields& f) {
  describe_workspace_id<Request>(f);
  f("job_id", &Request::job_id, "Id of the command: job_id of workspace_exec or workspace_logs.",
    kRequired, kPositional, max_length(64));
}

/// A command as it stands, and a part of what it printed.
struct ExecPoll : WorkspaceReply {
  std::string job_id;
  JobState state = JobState::kRunning;
  std::uint64_t cursor = 0;
  std::uint64_t next_cursor = 0;
  std::string stdout_text;
  std::string stderr_text;
  std::optional<std::uint64_t> stdout_dropped;
  std::optional<std::uint64_t> stderr_dropped;
  bool more = false;
  std::optional<std::uint64_t> newest_cursor;
  std::optional<std::int32_t> exit_code;
  std::optional<KilledBy> killed_by;
  std::optional<LikelyCause> likely_cause;
  std::vector<EgressDenied> egress_denied;
  std::uint64_t duration_ms = 0;
  std::uint64_t sequence = 0;
  std::string command;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("job_id", &ExecPoll::job_id, "The command's id.");
    f("state", &ExecPoll::state,
      "running: poll again with next_cursor. Ended: exited by itself, timed_out, or cancelled (by "
      "a cancel, a stop, or with its guest).");
    f("cursor", &ExecPoll::cursor, "Where this part of the output begins, as asked.");
    f("next_cursor", &ExecPoll::next_cursor,
      "The cursor of the next poll. All of the output was read once the command has ended and "
      "more is false.");
    f("stdout", &ExecPoll::stdout_text,
      "Standard output since the cursor, at most 8000 bytes, whole characters.");
    f("stderr", &ExecPoll::stderr_text,
      "Standard error since the cursor, at most 8000 bytes, whole characters.");
    f("stdout_dropped", &ExecPoll::stdout_dropped,
      "Bytes of standard output just before this part that are no longer kept.", kAbsentWhenNull);
    f("stderr_dropped", &ExecPoll::stderr_dropped,
      "Bytes of standard error just before this part that are no longer kept.", kAbsentWhenNull);
    f("more", &ExecPoll::more, "There is more to read at once: poll again with next_cursor.");
    f("newest_cursor", &ExecPoll::newest_cursor,
      "When more is true: the cursor from which only the newest output is left, at most 4000 bytes "
      "of each stream.",
      kAbsentWhenNull);
    f("exit_code", &ExecPoll::exit_code,
      "Exit status; 124 after a time-out; absent while it runs, or when its guest ended first.",
      kAbsentWhenNull);
    f("killed_by", &ExecPoll::killed_by, kKilledBy, kAbsentWhenNull);
    f("likely_cause", &ExecPoll::likely_cause, kLikelyCause, kAbsentWhenNull);
    f("egress_denied", &ExecPoll::egress_denied, kEgressDenied);
    f("duration_ms", &ExecPoll::duration_ms, "Milliseconds from its start to its end, or to now.");
    f("sequence", &ExecPoll::sequence, "The command's number since the last reset, from 1.");
    f("command", &ExecPoll::command, "The command.");
  }
};

/// Waits until a command has ended or `wait_seconds` are over, but not with more to read than one
/// answer holds; then returns what it printed since the cursor. Reading consumes nothing. Known
/// after its end, a stop and a restart of any service.
/// not_found: no such command since the last reset. invalid_argument: a cursor that no poll
/// returned.
struct PollExec {
  static constexpr Method kMethod{"workspace.exec_poll", Idempotent::kYes};
  using Reply = ExecPoll;
  std::string workspace_id;
  std::string job_id;
  std::uint64_t cursor = 0;
  std::uint32_t wait_seconds = 10;
  std::uint64_t page_bytes = kPollBytes;

  template <class Fields>
  static void describe(Fields& f) {
    describe_job<PollExec>(f);
    f("cursor", &PollExec::cursor,
      "next_cursor of the last poll, or cursor of workspace_exec, to read on from there; 0 reads "
      "from the start.");
    f("wait_seconds", &PollExec::wait_seconds,
      "Seconds to wait for the command's end before the answer; 0 answers at once.", range(0, 40));
    f("page_bytes", &PollExec::page_bytes, "The most of each stream.", range(1, kPollBytes),
      kHidden);
  }
};

struct CancelledExec : WorkspaceReply {
  std::string job_id;
  JobState state = JobState::kRunning;
  bool left_ended = false;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("job_id", &CancelledExec::job_id, "The command's id.");
    f("state", &CancelledExec::state,
      "cancelled; or how it had ended before: exited or timed_out. Its output remains readable.");
    f("left_ended", &CancelledExec::left_ended,
      "The command had ended before, and what it had left running was ended now.");
  }
};

/// Ends a command with all its processes; of one that has ended, what it left running.
/// not_found: no such command since the last reset. deadline_exceeded (still_running): the guest
/// has not ended them in time.
struct CancelExec {
  static constexpr Method kMethod{"workspace.exec_cancel", Idempotent::kYes};
  using Reply = CancelledExec;
  std::string workspace_id;
  std::string job_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_job<CancelExec>(f);
  }
};

struct FoundExec {
  std::string workspace_id;
  std::string job_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &FoundExec::workspace_id, "Id of its workspace.");
    f("job_id", &FoundExec::job_id, "The command's id.");
  }
};

/// Which workspace a command runs or ran in. not_found: in none since its last reset.
struct FindExec {
  static constexpr Method kMethod{"workspace.exec_find", Idempotent::kYes};
  using Reply = FoundExec;
  std::string job_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &FindExec::job_id, "Id of the command.", kRequired, max_length(64));
  }
};

/// Waits for a command's end as the call did that started it, and ends it when it is cancelled.
/// not_found: no such command since the last reset.
struct AttachExec {
  static constexpr Method kMethod{"workspace.exec_attach", Idempotent::kYes};
  using Reply = WorkspaceExecResult;
  std::string workspace_id;
  std::string job_id;
  std::optional<std::string> output_socket;

  template <class Fields>
  static void describe(Fields& f) {
    describe_job<AttachExec>(f);
    f("output_socket", &AttachExec::output_socket,
      "Unix socket for all it printed and prints; stdout and stderr of the reply are then empty.",
      kHidden);
  }
};

struct LogEntry : CommandSummary, CommandOutput {
  double recorded_at = 0;

  template <class Fields>
  static void describe(Fields& f) {
    CommandSummary::describe(f);
    f("recorded_at", &LogEntry::recorded_at, "When it began, seconds since the epoch.");
    CommandOutput::describe(f);
  }
};

struct WorkspaceLog : WorkspaceReply, PageEnd {
  std::uint32_t count = 0;
  std::uint32_t offset = 0;
  std::vector<LogEntry> entries;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("count", &WorkspaceLog::count, "Commands since the last reset.");
    f("offset", &WorkspaceLog::offset, "How many of them come before these entries.");
    f("entries", &WorkspaceLog::entries,
      "The commands in their order. When all of it is more than 32 MiB, the oldest ones come "
      "without their output, marked as truncated, or not at all.");
    PageEnd::describe(f);
  }
};

struct WorkspaceLogs {
  static constexpr Method kMethod{"workspace.logs", Idempotent::kYes};
  using Reply = WorkspaceLog;
  std::string workspace_id;
  std::optional<std::uint32_t> offset;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<WorkspaceLogs>(f);
    f("offset", &WorkspaceLogs::offset, "Commands to leave out at the beginning.");
  }
};

using CommandsApi = Api<ExecWorkspace, PollExec, CancelExec, FindExec, AttachExec, WorkspaceLogs>;

}  // namespace pyro::api
