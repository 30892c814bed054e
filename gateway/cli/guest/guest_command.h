#pragma once

#include <unistd.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/cli/guest/streamed_call.h"
#include "gateway/cli/notes.h"
#include "gateway/cli/session.h"

/// Commands that run the words after `--` in a guest.
namespace pyro::cli {

/// The words after `--` as one shell command that keeps their boundaries; UsageError without any.
std::string guest_command(const CliCommand& command);

/// Writes text to standard error unchanged.
void print_error(const std::string& text);

/// The exit status of a failure when the command has none, since its guest ended first.
inline int exit_status_of(const std::optional<std::int32_t>& exit_code) {
  return exit_code.value_or(1);
}

/// Runs a command in a guest and shows its output: live, or with --json in the reply. Returns the
/// command's exit status.
template <api::Operation Op>
int run_guest_command(Session& session, const Op& request) {
  Session::check(request);
  typename Op::Reply result;
  if (session.json) {
    result = session.call(request);
    print(api::to_json_text(result, 2) + "\n");
  } else {
    result = StreamedCall(session).call(request);
    print(result.stdout_text);
    print_error(result.stderr_text);
  }
  tell_notes(result);
  if constexpr (std::same_as<typename Op::Reply, api::MachineExecResult>) {
    if (!session.json && ::isatty(STDERR_FILENO) == 1) note(run_note(result));
  }
  return exit_status_of(result.exit_code);
}

}  // namespace pyro::cli
