#pragma once

#include "common/api/workspace_summary.h"
#include "common/bus/call.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// The session of a workspace for a review. Where the files cannot be compared it says why.
api::WorkspaceSummary summarize(Workspaces& workspaces, const std::string& workspace_id,
                                const bus::Call& call);

}  // namespace pyro::workspace
