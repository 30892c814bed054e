#pragma once

#include <concepts>
#include <optional>
#include <string>

#include "common/api/machine.h"
#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/base/clock.h"

/// Lines that a command adds on standard error.
namespace pyro::cli {

/// Warns that a result came without a guest's isolation; else "".
std::string host_compat_note(api::ExecutionMode mode);

/// How a machine's one command ran, ended, and for how long: `guest_serial, exit 0 after 1.2 s`.
std::string run_note(const api::MachineExecResult& result);

/// Says that the command did not end by itself; else "".
std::string cancelled_note(api::JobState state);

/// What the command was denied by the network policy, and how to allow it; else "".
std::string denied_note(const api::WorkspaceExecResult& result);

/// In the last fifth of a workspace's life, says when it ends; else "". `now`: seconds since the
/// epoch.
std::string expiry_note(const api::Workspace& workspace, double now);

/// The same for other replies, which have the expiry only then.
std::string expiry_note(const std::string& workspace_id, double expires_at,
                        std::optional<api::ExpiryAction> action, double now);

/// Writes a line to standard error, nothing for "".
void note(const std::string& line);

/// Writes the notes of a reply.
template <api::Message Reply>
void tell_notes(const Reply& reply) {
  if constexpr (requires { reply.execution_mode; }) note(host_compat_note(reply.execution_mode));
  if constexpr (std::same_as<Reply, api::WorkspaceExecResult>) {
    note(cancelled_note(reply.state));
    note(denied_note(reply));
  }
  if constexpr (std::same_as<Reply, api::Workspace>) {
    note(expiry_note(reply, now_epoch_seconds()));
  } else if constexpr (requires { reply.expires_at.has_value(); }) {
    if (reply.expires_at) {
      note(
          expiry_note(reply.workspace_id, *reply.expires_at, reply.on_expiry, now_epoch_seconds()));
    }
  }
}

}  // namespace pyro::cli
