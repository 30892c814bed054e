#pragma once

#include <string>

#include "common/api/files.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// Answers PushSync: adds and overwrites, all of it or nothing.
api::PushedSync push(GuestTree& guest, const api::OnMachine<api::PushSync>& request,
                     const Work& work);

/// Answers FillWorkspace.
api::TreeSize fill_workspace(GuestTree& guest, const api::FillWorkspace& request, const Work& work);

}  // namespace pyro::files
