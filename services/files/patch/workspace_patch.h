#pragma once

#include <filesystem>

#include "common/api/workspace_patch.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// Answers ApplyPatch: fetches the files that the patch names, patches copies below `scratch`, and
/// has the guest put all of it in place, if they are still what they were.
api::PatchApplied patch_workspace(GuestTree& guest, const api::ApplyPatch& request,
                                  const std::filesystem::path& scratch, const Work& work);

}  // namespace pyro::files
