#pragma once

#include <filesystem>
#include <string>

#include "common/base/unique_fd.h"
#include "common/source/repository.h"
#include "common/work/work.h"
#include "services/files/git_seed/borrowed_repository.h"

namespace pyro::files {

/// Where a Git seed keeps and makes things.
struct GitSeedPlaces {
  std::filesystem::path scratch;    ///< of what goes with the call
  std::filesystem::path histories;  ///< kept for the next one; see packed_history
  /// The source of which the history is one state: a clone's URL and ref; empty for the repository
  /// itself.
  std::filesystem::path source{};
};

/// The history of a repository's HEAD as open files: they remain readable when another state takes
/// their place.
struct PackedHistory {
  std::string name;  ///< `pack-<hash>`
  UniqueFd pack;
  UniqueFd idx;
  UniqueFd index;
};

/// From `places.histories` when it was packed before, else made there: complete at once or not
/// there. One per source is kept, of its last HEAD, and so of the last 32 sources.
PackedHistory packed_history(const GitSeedPlaces& places, const source::Repository& repository,
                             const BorrowedRepository& borrowed, const Work& work);

}  // namespace pyro::files
