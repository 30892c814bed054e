#pragma once

#include "common/api/prepare.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Has the vm service build what machines of the environment start from, proves it on a throwaway
/// workspace (create, exec, reset, delete), and has it recorded. With nothing changed since it was
/// recorded it answers at once.
api::PreparedEnvironment prepare(Workspaces& workspaces, bus::Client& machines,
                                 const api::PrepareEnvironment& request, const bus::Call& call);

}  // namespace pyro::workspace
