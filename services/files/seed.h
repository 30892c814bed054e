#pragma once

#include <filesystem>

#include "common/api/files.h"
#include "common/work/work.h"

namespace pyro::files {

/// Answers BuildVolume. The original of blank volumes lies in `cache_dir`.
api::WorkspaceSeed build_volume(const std::filesystem::path& cache_dir,
                                const api::BuildVolume& request, const Work& work);

}  // namespace pyro::files
