#pragma once

#include <filesystem>

#include "common/api/files.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// Answers DiffWorkspace: asks the guest what may have changed since the baseline and compares only
/// that. What git needs for a while lies below `scratch`.
/// not_found: `workspace path is not changed: P`. resource_exhausted: more changed than can be
/// compared.
api::Diff diff_workspace(GuestTree& guest, const api::OnMachine<api::DiffWorkspace>& request,
                         const std::filesystem::path& scratch, const Work& work);

}  // namespace pyro::files
