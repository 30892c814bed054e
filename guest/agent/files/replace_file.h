#pragma once

#include "common/api/agent_files.h"
#include "guest/agent/files/workspace.h"

namespace pyro::agent::files {

/// Answers ReplaceFile. The caller holds a pass and the changes' lock.
void replace_file(const VolumeDirectories& directories, const api::agent::ReplaceFile& request);

}  // namespace pyro::agent::files
