#pragma once

#include <filesystem>
#include <string>

#include "common/base/unique_fd.h"
#include "common/source/repository.h"
#include "common/work/work.h"
#include "services/files/git_seed/borrowed_repository.h"

namespace pyro::files {

/// The directories of a Git seed.
struct GitSeedPlaces {
  std::filesystem::path scratch;    ///< ends with the call
  std::filesystem::path histories;  ///< kept for later calls; see packed_history
  /// Identifies the source of the history: a clone's URL and ref; empty for the repository itself.
  std::filesystem::path source{};
};

/// The history of a repository's HEAD as open files: they remain readable after a replacement.
struct PackedHistory {
  std::string name;  ///< `pack-<hash>`
  UniqueFd pack;
  UniqueFd idx;
  UniqueFd index;
};

/// Finds it in `places.histories`, else makes it there, complete or absent. Keeps the last HEAD's
/// history of each of the last 32 sources.
PackedHistory packed_history(const GitSeedPlaces& places, const source::Repository& repository,
                             const BorrowedRepository& borrowed, const Work& work);

}  // namespace pyro::files
