#pragma once

#include <filesystem>

#include "common/api/files.h"
#include "common/secrets/redactor.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// Answers DiffWorkspace: asks the guest for possible changes since the baseline and compares only
/// those. `redactor`: of the secrets that the patch does not show, or null. git's temporary files
/// are below `scratch`.
/// not_found: `workspace path is not changed: P`. resource_exhausted: too many changes to compare.
api::Diff diff_workspace(GuestTree& guest, const api::OnMachine<api::DiffWorkspace>& request,
                         const std::filesystem::path& scratch, const Work& work,
                         const Redactor* redactor = nullptr);

}  // namespace pyro::files
