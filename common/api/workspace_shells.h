#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/api/shell_state.h"
#include "common/api/workspace.h"

/// Operations on the shells of a workspace. Owner: workspace service.
namespace pyro::api {

/// A shell: a terminal in the guest, kept across calls.
struct Shell {
  std::string shell_id;
  std::string cwd;
  std::uint32_t cols = 120;
  std::uint32_t rows = 30;
  ShellState state = ShellState::kRunning;
  double started_at = 0;
  std::optional<double> ended_at;
  std::optional<std::int32_t> exit_code;
  ExecutionMode execution_mode = ExecutionMode::kPending;

  template <class Fields>
  static void describe(Fields& f) {
    f("shell_id", &Shell::shell_id, "Its id.");
    f("cwd", &Shell::cwd, "Where it started.");
    f("cols", &Shell::cols, "Columns of its terminal.");
    f("rows", &Shell::rows, "Rows of its terminal.");
    f("state", &Shell::state, "running, or stopped: its program has ended.");
    f("started_at", &Shell::started_at, "Seconds since the epoch.");
    f("ended_at", &Shell::ended_at, "When it stopped.", kAbsentWhenNull);
    f("exit_code", &Shell::exit_code, "Exit status once it stopped; 128 + n after signal n.",
      kAbsentWhenNull);
    f("execution_mode", &Shell::execution_mode, "How the guest is reached.");
  }
};

struct ShellReply : WorkspaceReply, Shell {
  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    Shell::describe(f);
  }
};

/// The workspace and the shell of a request about a shell.
template <class Request, class Fields>
void describe_shell(Fields& f) {
  describe_workspace_id<Request>(f);
  f("shell_id", &Request::shell_id, "Id of the shell.", kRequired, kPositional, max_length(64));
}

template <class Request, class Fields>
void describe_terminal(Fields& f) {
  f("cols", &Request::cols, "Columns of its terminal.", range(1, kMostCols), kPositive);
  f("rows", &Request::rows, "Rows of its terminal.", range(1, kMostRows), kPositive);
}

inline constexpr std::string_view kCallId =
    "Names this call, so that a repeated one is done once: 12 hex digits.";

/// Opens a shell: `bash --noprofile --norc -i`, else sh, on a terminal of its own.
/// failed_precondition: the workspace is not started, or runs on the host itself.
/// resource_exhausted: too many are open.
struct OpenShell {
  static constexpr Method kMethod{"workspace.shell_open", Idempotent::kYes};
  using Reply = ShellReply;
  std::string workspace_id;
  std::string cwd = "/workspace";
  std::uint32_t cols = 120;
  std::uint32_t rows = 30;
  std::map<std::string, std::string> secret_env;
  std::optional<std::string> call_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<OpenShell>(f);
    f("cwd", &OpenShell::cwd, "Directory it starts in, below /workspace.", max_length(4096));
    describe_terminal<OpenShell>(f);
    describe_secret_env<OpenShell>(f);
    f("call_id", &OpenShell::call_id, kCallId, max_length(12), kHidden);
  }
};

struct ShellRead : ShellReply {
  std::uint64_t cursor = 0;
  std::uint64_t next_cursor = 0;
  std::string output;
  bool truncated = false;
  std::optional<std::uint64_t> dropped_chars;

  template <class Fields>
  static void describe(Fields& f) {
    ShellReply::describe(f);
    f("cursor", &ShellRead::cursor, "Where this output begins, as asked.");
    f("next_cursor", &ShellRead::next_cursor, "The cursor of the next read.");
    f("output", &ShellRead::output, "The output since the cursor.");
    f("truncated", &ShellRead::truncated, "There is more to read at once, from next_cursor on.");
    f("dropped_chars", &ShellRead::dropped_chars,
      "Characters just before this output that are no longer kept.", kAbsentWhenNull);
  }
};

/// Reads output from a cursor, which counts characters since the shell's start; reading consumes
/// nothing. not_found: no such shell. invalid_argument: a cursor beyond the output.
struct ReadShell {
  static constexpr Method kMethod{"workspace.shell_read", Idempotent::kYes};
  using Reply = ShellRead;
  std::string workspace_id;
  std::string shell_id;
  std::uint64_t cursor = 0;
  std::uint64_t max_chars = 65536;
  bool plain = false;
  std::optional<std::uint32_t> wait_for_idle_ms;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell<ReadShell>(f);
    f("cursor", &ReadShell::cursor, "next_cursor of the last read; 0 reads from the start.");
    f("max_chars", &ReadShell::max_chars, "The most characters of output to take.",
      range(1, 1 << 20), kPositive);
    f("plain", &ReadShell::plain,
      "The output as a person sees it on the screen, without escape sequences.");
    f("wait_for_idle_ms", &ReadShell::wait_for_idle_ms,
      "Answer once nothing new was printed for so many milliseconds, at most 10 s later.",
      range(0, 45'000));
  }
};

struct ShellWritten : ShellReply {
  std::uint64_t input_length = 0;
  bool append_newline = true;

  template <class Fields>
  static void describe(Fields& f) {
    ShellReply::describe(f);
    f("input_length", &ShellWritten::input_length, "Characters of the input.");
    f("append_newline", &ShellWritten::append_newline, "Whether Enter was pressed after it.");
  }
};

/// Types into a shell. not_found: no such shell. failed_precondition: it is not running.
struct WriteShell {
  static constexpr Method kMethod{"workspace.shell_write", Idempotent::kYes};
  using Reply = ShellWritten;
  std::string workspace_id;
  std::string shell_id;
  std::string input;
  bool append_newline = true;
  std::optional<std::string> call_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell<WriteShell>(f);
    f("input", &WriteShell::input, "What to type.", kRequired, kMayBeEmpty, max_length(kMostInput));
    f("append_newline", &WriteShell::append_newline, "Press Enter after it.");
    f("call_id", &WriteShell::call_id, kCallId, max_length(12), kHidden);
  }
};

struct ShellSignalled : ShellReply {
  std::string signal;

  template <class Fields>
  static void describe(Fields& f) {
    ShellReply::describe(f);
    f("signal", &ShellSignalled::signal, "The signal that was sent.");
  }
};

/// Sends a signal to what runs in the foreground of a shell's terminal: a program, or the shell.
struct SignalShell {
  static constexpr Method kMethod{"workspace.shell_signal"};
  using Reply = ShellSignalled;
  std::string workspace_id;
  std::string shell_id;
  std::string signal_name = "INT";

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell<SignalShell>(f);
    f("signal_name", &SignalShell::signal_name, "HUP, INT, TERM or KILL.", max_length(16));
  }
};

/// Gives a shell's terminal another size.
struct ResizeShell {
  static constexpr Method kMethod{"workspace.shell_resize", Idempotent::kYes};
  using Reply = ShellReply;
  std::string workspace_id;
  std::string shell_id;
  std::uint32_t cols = 120;
  std::uint32_t rows = 30;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell<ResizeShell>(f);
    describe_terminal<ResizeShell>(f);
  }
};

struct ShellClosed : ShellReply {
  bool closed = false;

  template <class Fields>
  static void describe(Fields& f) {
    ShellReply::describe(f);
    f("closed", &ShellClosed::closed, "Whether it is gone, with all that it started.");
  }
};

/// Ends a shell and all that it started: SIGHUP, and SIGKILL after 5 s. Its output is gone then.
struct CloseShell {
  static constexpr Method kMethod{"workspace.shell_close", Idempotent::kYes};
  using Reply = ShellClosed;
  std::string workspace_id;
  std::string shell_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell<CloseShell>(f);
  }
};

struct ShellList : WorkspaceReply {
  std::uint32_t count = 0;
  std::uint32_t running_count = 0;
  std::vector<Shell> shells;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("count", &ShellList::count, "How many.");
    f("running_count", &ShellList::running_count, "Those that run.");
    f("shells", &ShellList::shells, "The oldest first.");
  }
};

struct ListShells {
  static constexpr Method kMethod{"workspace.shell_list", Idempotent::kYes};
  using Reply = ShellList;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ListShells>(f);
  }
};

/// Shows a shell to a person: its last output, then all that comes, until it stops or the caller
/// cancels. Changes nothing in it.
struct AttachShell {
  static constexpr Method kMethod{"workspace.shell_attach"};
  using Reply = ShellReply;
  std::string workspace_id;
  std::string shell_id;
  std::optional<std::string> output_socket;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell<AttachShell>(f);
    f("output_socket", &AttachShell::output_socket, "Unix socket for the output.", kHidden);
  }
};

using ShellsApi = Api<OpenShell, ReadShell, WriteShell, SignalShell, ResizeShell, CloseShell,
                      ListShells, AttachShell>;

}  // namespace pyro::api
