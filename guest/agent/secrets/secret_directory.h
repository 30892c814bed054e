#pragma once

#include <filesystem>
#include <vector>

#include "common/api/agent_secrets.h"

namespace pyro::agent {

/// Makes the directory, in memory alone: no disk has what is in it.
void mount_for_secrets(const std::filesystem::path& directory);

/// A file of mode 0400 for each secret; nothing else stays in the directory.
/// invalid_argument: a name that is not a secret's.
void write_secrets(const std::filesystem::path& directory,
                   const std::vector<api::agent::Secret>& secrets);

}  // namespace pyro::agent
