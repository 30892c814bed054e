#pragma once

#include <chrono>
#include <concepts>

#include "common/api/environment.h"
#include "common/api/prepare.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_sync.h"

/// How long a call may take when its caller names no limit.
namespace pyro {

inline constexpr std::chrono::seconds kUsualLimit = std::chrono::minutes(2);
/// An environment that is not installed is built first, which takes minutes on a slow mirror.
inline constexpr std::chrono::seconds kInstallLimit = std::chrono::hours(2);
/// Files between host and guest: as many as there are.
inline constexpr std::chrono::seconds kTransferLimit = std::chrono::hours(6);
/// The time of an exec beside its command: a guest that starts, output that is still written.
inline constexpr std::chrono::seconds kExecSlack = std::chrono::minutes(10);
/// A command's own time ends it; a caller that attaches to it, or to a shell, does not know
/// that time.
inline constexpr std::chrono::seconds kAttachLimit = std::chrono::hours(24 * 30);
/// Whole directories are deleted.
inline constexpr std::chrono::seconds kPruneLimit = std::chrono::minutes(10);

template <class Op, class... Ops>
inline constexpr bool kIsOneOf = (std::same_as<Op, Ops> || ...);

/// The most that `Op` needs, beside the command that it runs.
template <api::Operation Op>
constexpr std::chrono::seconds own_limit() {
  using namespace api;
  if (kIsOneOf<Op, PullEnvironment, PrepareEnvironment, CreateMachine, StartMachine, RunMachine,
               CreateWorkspace, ResetWorkspace, StartWorkspace>) {
    return kInstallLimit;
  }
  if (kIsOneOf<Op, PushSync, ExportPath, DiffWorkspace, CreateSnapshot>) return kTransferLimit;
  if (kIsOneOf<Op, ExecMachine, ExecWorkspace>) return kExecSlack;
  if (kIsOneOf<Op, AttachExec, AttachShell>) return kAttachLimit;
  if (kIsOneOf<Op, PruneEnvironments, PruneTemplates>) return kPruneLimit;
  return kUsualLimit;
}

template <api::Operation Op>
constexpr std::chrono::seconds usual_limit(const Op& request) {
  if constexpr (requires { request.timeout_seconds; }) {
    return own_limit<Op>() + std::chrono::seconds(request.timeout_seconds);
  }
  if constexpr (requires { request.ready_timeout_seconds; }) {
    return own_limit<Op>() + std::chrono::seconds(request.ready_timeout_seconds);
  }
  return own_limit<Op>();
}

}  // namespace pyro
