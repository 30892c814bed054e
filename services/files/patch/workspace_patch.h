#pragma once

#include <filesystem>

#include "common/api/workspace_patch.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// Answers ApplyPatch: fetches the files of the patch, patches copies below `scratch`, and makes
/// the guest apply all of it, if the files are unchanged since.
api::PatchApplied patch_workspace(GuestTree& guest, const api::ApplyPatch& request,
                                  const std::filesystem::path& scratch, const Work& work);

}  // namespace pyro::files
