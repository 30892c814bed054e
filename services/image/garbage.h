#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "services/image/store_paths.h"

namespace pyro::image {

/// What a sweep removed.
struct Swept {
  std::vector<std::string> environment_dirs;
  std::uint64_t freed_bytes = 0;
};

enum class Sweep {
  kGarbage,  ///< what no name stands for: half-built, half-deleted, replaced
  kUnused,   ///< the same, and installed environments that nobody uses
};

/// Removes what nobody holds a DirectoryLease on. A pull that is under way is left alone.
Swept sweep(const StorePaths& paths, Sweep what);

/// Takes a directory out of the store at once, users or not; for one whose content is wrong.
void discard(const StorePaths& paths, const std::filesystem::path& directory);

/// Renames a directory to a `.deleting.…` beside it and returns that; the store's lock is held.
std::filesystem::path set_aside(const std::filesystem::path& directory);

}  // namespace pyro::image
