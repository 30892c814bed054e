#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "services/image/store_paths.h"

namespace pyro::image {

/// The result of a sweep.
struct Swept {
  std::vector<std::string> environment_dirs;
  std::uint64_t freed_bytes = 0;
};

enum class Sweep {
  kGarbage,  ///< everything without a name: half-built, half-deleted, replaced
  kUnused,   ///< the same, and unused installed environments
};

/// Removes everything without a DirectoryLease, except a pull under way.
Swept sweep(const StorePaths& paths, Sweep what);

/// Takes a directory out of the store at once, users or not; for one whose content is wrong.
void discard(const StorePaths& paths, const std::filesystem::path& directory);

/// Renames a directory to a `.deleting.…` beside it and returns that; the store's lock is held.
std::filesystem::path set_aside(const std::filesystem::path& directory);

}  // namespace pyro::image
