#pragma once

#include <filesystem>

#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// Whether the file is there, begins as an ext4 file system does, and is as long as that says.
bool is_whole_volume(const std::filesystem::path& volume);

/// failed_precondition (volume_lost): `workspace x has lost its baseline; …`
void require_baseline(const WorkspaceRecord& workspace, const std::filesystem::path& baseline);

}  // namespace pyro::workspace
