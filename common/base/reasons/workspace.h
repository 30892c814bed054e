#pragma once

#include "common/base/reason.h"

/// Refusals about workspaces, their snapshots and commands. docs/reasons.md explains each.
namespace pyro::reason {

inline constexpr Reason kWorkspaceGone{"workspace_gone"};
inline constexpr Reason kWorkspaceExpired{"workspace_expired"};
inline constexpr Reason kOtherProject{"other_project"};
inline constexpr Reason kWorkspaceFull{"workspace_full"};
inline constexpr Reason kSnapshotsFull{"snapshots_full"};
inline constexpr Reason kSnapshotMissing{"snapshot_missing"};
inline constexpr Reason kVolumeLost{"volume_lost"};
inline constexpr Reason kSecretsLost{"secrets_lost"};
inline constexpr Reason kSecretMissing{"secret_missing"};
inline constexpr Reason kSecretRefused{"secret_refused"};
inline constexpr Reason kSecretNeedsNetwork{"secret_needs_network"};
inline constexpr Reason kJobMissing{"job_missing"};
inline constexpr Reason kServiceMissing{"service_missing"};
inline constexpr Reason kServiceRuns{"service_runs"};
inline constexpr Reason kTooManyServices{"too_many_services"};
inline constexpr Reason kTooManyCommands{"too_many_commands"};
inline constexpr Reason kCommandEnded{"command_ended"};
inline constexpr Reason kNotBegun{"not_begun"};
inline constexpr Reason kStillRunning{"still_running"};
inline constexpr Reason kNoShell{"no_shell"};
inline constexpr Reason kShellMissing{"shell_missing"};
inline constexpr Reason kShellStopped{"shell_stopped"};
inline constexpr Reason kTooManyShells{"too_many_shells"};
inline constexpr Reason kInputNotRead{"input_not_read"};

}  // namespace pyro::reason
