#pragma once

#include <cstdint>
#include <filesystem>

namespace pyro {

/// resource_exhausted (disk_full): the disk of `directory` has fewer than `keep_mib` MiB left,
/// which pyro leaves to the rest of the host and to its own deletions.
void require_free_disk(const std::filesystem::path& directory, std::uint32_t keep_mib);

}  // namespace pyro
