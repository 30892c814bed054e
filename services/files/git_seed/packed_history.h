#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "services/files/git_seed/borrowed_repository.h"

namespace pyro::files {

/// The directories of a Git seed.
struct GitSeedPlaces {
  std::filesystem::path scratch;    ///< ends with the call
  std::filesystem::path histories;  ///< kept for later calls; see packed_history
  /// Identifies the source of the history: a clone's URL and ref; empty for the repository itself.
  std::filesystem::path source{};
};

/// The history of a repository's HEAD. Its files are open: they remain readable after a
/// replacement.
struct PackedHistory {
  struct Pack {
    std::string name;  ///< `pack-<hash>`
    UniqueFd pack;
    UniqueFd idx;
  };
  std::vector<Pack> packs{};
  UniqueFd index{};            ///< an index at HEAD
  std::string shallow{};       ///< the commits at which it ends, a line each
  std::string tags{};          ///< lines `ID NAME`
  bool ends_early = false;     ///< where objects are missing
  bool lacks_objects = false;  ///< HEAD itself
};

/// Finds it in `places.histories`, else makes it there, complete or absent: adds to the packs of
/// the last state what HEAD has more. Keeps the last HEAD's history of each of the last 32 sources.
PackedHistory packed_history(const GitSeedPlaces& places, BorrowedRepository& repository);

}  // namespace pyro::files
