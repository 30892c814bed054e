#pragma once

#include "guest/agent/files/change_plan.h"
#include "guest/agent/files/workspace.h"

/// Changes that are whole or undone after a crash at any moment.
namespace pyro::agent::files {

/// Carries out the plan; on disk when it returns. The change is decided once `.pyro/commit` holds
/// the plan: after a later crash recover() finishes it. An Error changes nothing.
void commit_plan(const VolumeDirectories& directories, const ChangePlan& plan);

/// At mount: finishes a decided change, and removes everything staged. An invalid plan was never
/// decided.
void recover(const VolumeDirectories& directories);

}  // namespace pyro::agent::files
