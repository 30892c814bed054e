#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/api/field.h"
#include "common/api/shell_state.h"

/// The agent's operations on shells, on the same port as those on jobs (agent.h). The host checks
/// every message: the guest may be hostile.
namespace pyro::api::agent {

using api::ShellState;

/// A shell: a pseudo terminal, its program, and all that this started.
struct Shell {
  std::string shell_id;
  ShellState state = ShellState::kRunning;
  std::optional<std::int32_t> exit_code;
  std::uint32_t cols = 120;
  std::uint32_t rows = 30;
  std::uint64_t printed_bytes = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("shell_id", &Shell::shell_id, "Id of the shell, chosen by the host.", max_length(64));
    f("state", &Shell::state, "running, or stopped: its program has ended.");
    f("exit_code", &Shell::exit_code, "Exit status once it stopped; 128 + n after signal n.");
    f("cols", &Shell::cols, "Columns of the terminal.");
    f("rows", &Shell::rows, "Rows of the terminal.");
    f("printed_bytes", &Shell::printed_bytes, "Bytes printed so far.");
  }
};

/// By which the agent tells the processes of a shell apart from those of other jobs.
inline std::string job_of_shell(const std::string& shell_id) { return "shell-" + shell_id; }

template <class Request, class Fields>
void describe_shell_id(Fields& f) {
  f("shell_id", &Request::shell_id, "The shell.", kRequired, max_length(64));
}

template <class Request, class Fields>
void describe_size(Fields& f) {
  f("cols", &Request::cols, "Columns of the terminal.", range(1, kMostCols), kPositive);
  f("rows", &Request::rows, "Rows of the terminal.", range(1, kMostRows), kPositive);
}

/// Starts `bash --noprofile --norc -i`, else `sh -i`, on a terminal of its own and in a cgroup of
/// its own. A known id is answered with its shell as it is: a call whose answer was lost can be
/// repeated. invalid_argument: the directory cannot be entered, or environment or id hold odd
/// characters. resource_exhausted: there are kMostShells.
struct OpenShell {
  static constexpr Method kMethod{"shell.open", Idempotent::kYes};
  static constexpr std::size_t kMostShells = 32;
  using Reply = Shell;
  std::string shell_id;
  std::string cwd = "/";
  std::map<std::string, std::string> environment;
  std::uint32_t cols = 120;
  std::uint32_t rows = 30;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell_id<OpenShell>(f);
    f("cwd", &OpenShell::cwd, "Directory it starts in.", max_length(4096));
    f("environment", &OpenShell::environment, "Added to the agent's own.", max_length(1024));
    describe_size<OpenShell>(f);
  }
};

/// A part of a shell's output.
struct ShellPart {
  Shell shell;
  std::uint64_t offset = 0;
  Bytes data;
  std::uint64_t oldest_offset = 0;
  std::uint64_t oldest_characters = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("shell", &ShellPart::shell, "The shell after this part.");
    f("offset", &ShellPart::offset, "Bytes before `data`: more than asked where some are gone.");
    f("data", &ShellPart::data, "The output from there on.");
    f("oldest_offset", &ShellPart::oldest_offset, "Bytes before the oldest that are kept.");
    f("oldest_characters", &ShellPart::oldest_characters,
      "How many of those begin a character of UTF-8.");
  }
};

/// Reads output from `offset` on; consumes nothing. invalid_argument: beyond the output.
struct ReadShell {
  static constexpr Method kMethod{"shell.read", Idempotent::kYes};
  using Reply = ShellPart;
  std::string shell_id;
  std::uint64_t offset = 0;
  std::uint64_t max_bytes = 64U << 10U;
  std::optional<std::uint32_t> wait_for_idle_ms;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell_id<ReadShell>(f);
    f("offset", &ReadShell::offset, "Bytes that the caller has.");
    f("max_bytes", &ReadShell::max_bytes, "The most to return.", range(1, 8 << 20));
    f("wait_for_idle_ms", &ReadShell::wait_for_idle_ms,
      "Answer once nothing new came for so long since the call, max_bytes are there, or the "
      "program has ended; at most 10 s later.",
      range(0, 600'000));
  }
};

/// Sends the output from `offset` on in frames as it comes; answers once the program has ended. A
/// follower that is slower than the output misses what is no longer kept, and slows nothing.
struct FollowShell {
  static constexpr Method kMethod{"shell.follow", Idempotent::kYes};
  using Reply = Shell;
  std::string shell_id;
  std::uint64_t offset = 0;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell_id<FollowShell>(f);
    f("offset", &FollowShell::offset, "Bytes that the caller has.");
  }
};

/// Answers once the program has ended.
struct AwaitShell {
  static constexpr Method kMethod{"shell.await", Idempotent::kYes};
  using Reply = Shell;
  std::string shell_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell_id<AwaitShell>(f);
  }
};

/// Types into the terminal. A repeated `write_id`, one of the shell's last 64, types nothing.
/// failed_precondition: the program has ended. resource_exhausted: it does not read what was typed
/// before, and this was not typed.
struct WriteShell {
  static constexpr Method kMethod{"shell.write", Idempotent::kYes};
  using Reply = Shell;
  std::string shell_id;
  std::string write_id;
  Bytes data;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell_id<WriteShell>(f);
    f("write_id", &WriteShell::write_id, "Of this write, chosen by the host.", kRequired,
      max_length(64));
    f("data", &WriteShell::data, "What is typed.", max_length(kMostInput + 1));
  }
};

/// Sends a signal to the terminal's foreground processes, as its keys do.
/// failed_precondition: the program has ended.
struct SignalShell {
  static constexpr Method kMethod{"shell.signal"};
  using Reply = Shell;
  std::string shell_id;
  std::uint32_t signal = 2;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell_id<SignalShell>(f);
    f("signal", &SignalShell::signal, "Signal number.", range(1, 64));
  }
};

/// Gives the terminal another size, of which its foreground processes hear (SIGWINCH).
struct ResizeShell {
  static constexpr Method kMethod{"shell.resize", Idempotent::kYes};
  using Reply = Shell;
  std::string shell_id;
  std::uint32_t cols = 120;
  std::uint32_t rows = 30;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell_id<ResizeShell>(f);
    describe_size<ResizeShell>(f);
  }
};

/// Hangs up: SIGHUP to every process of the shell, SIGKILL after `hangup_ms`. Answers once all are
/// gone, and the shell and its output are forgotten. A missing shell is no error.
struct CloseShell {
  static constexpr Method kMethod{"shell.close", Idempotent::kYes};
  using Reply = Nothing;
  std::string shell_id;
  std::uint32_t hangup_ms = 5000;

  template <class Fields>
  static void describe(Fields& f) {
    describe_shell_id<CloseShell>(f);
    f("hangup_ms", &CloseShell::hangup_ms, "Time between SIGHUP and SIGKILL.", range(0, 60'000));
  }
};

using ShellsApi = Api<OpenShell, ReadShell, FollowShell, AwaitShell, WriteShell, SignalShell,
                      ResizeShell, CloseShell>;

}  // namespace pyro::api::agent
