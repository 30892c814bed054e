#pragma once

#include <concepts>
#include <string>

#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/base/clock.h"

/// Lines that a command adds on standard error to what it was asked for.
namespace pyro::cli {

/// What a caller must know of a result that came without a guest's isolation; else "".
std::string host_compat_note(api::ExecutionMode mode);

/// That it was not the command that ended itself; else "".
std::string cancelled_note(api::JobState state);

/// In the last fifth of a workspace's life when it ends; else "". `now`: seconds since the epoch.
std::string expiry_note(const api::Workspace& workspace, double now);

/// The same of another reply, which names the expiry only then.
std::string expiry_note(const std::string& workspace_id, double expires_at, double now);

/// Writes a line, or nothing for "", to standard error.
void note(const std::string& line);

/// Writes the notes that belong to a reply.
template <api::Message Reply>
void tell_notes(const Reply& reply) {
  if constexpr (requires { reply.execution_mode; }) note(host_compat_note(reply.execution_mode));
  if constexpr (std::same_as<Reply, api::WorkspaceExecResult>) note(cancelled_note(reply.state));
  if constexpr (std::same_as<Reply, api::Workspace>) {
    note(expiry_note(reply, now_epoch_seconds()));
  } else if constexpr (requires { reply.expires_at.has_value(); }) {
    if (reply.expires_at) {
      note(expiry_note(reply.workspace_id, *reply.expires_at, now_epoch_seconds()));
    }
  }
}

}  // namespace pyro::cli
