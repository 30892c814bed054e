#pragma once

#include <filesystem>

namespace pyro::volume {

/// Makes `file` (0600, sparse), an ext4 file system of kWorkspaceDiskBytes that holds two empty
/// directories of root's: `tree` (0755), which the guest sees as /workspace, and `.pyro` (0700).
/// It is a copy of an original that is made once, in `cache_dir`.
void make_blank_volume(const std::filesystem::path& cache_dir, const std::filesystem::path& file);

}  // namespace pyro::volume
