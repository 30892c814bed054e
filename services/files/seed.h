#pragma once

#include <filesystem>

#include "common/api/files.h"
#include "common/work/work.h"

namespace pyro::files {

/// Answers BuildVolume. Blank volumes and what is kept of sources lie in `cache_dir`, what goes
/// with the call in `scratch`.
api::WorkspaceSeed build_volume(const std::filesystem::path& cache_dir,
                                const std::filesystem::path& scratch,
                                const api::BuildVolume& request, const Work& work);

}  // namespace pyro::files
