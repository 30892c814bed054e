#pragma once

#include "guest/agent/files/change_plan.h"
#include "guest/agent/files/workspace.h"

/// Changes that a crash at any moment leaves whole or undone.
namespace pyro::agent::files {

/// Carries the plan out; on disk when it returns. Once `.pyro/commit` holds the plan it is
/// decided: a crash after that is made good by recover(). On an Error nothing has changed.
void commit_plan(const VolumeDirectories& directories, const ChangePlan& plan);

/// At mount: finishes the change that was decided, forgets all that was staged. A plan that is
/// none of ours was never decided.
void recover(const VolumeDirectories& directories);

}  // namespace pyro::agent::files
