#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/source/repository.h"
#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/git_seed/packed_history.h"
#include "services/files/git_seed/seeded_index.h"

namespace pyro::files {

/// What of a project a seed takes, and how.
struct GitSeedOptions {
  /// Where the `.git` may lead; see source::open_repository.
  source::GitDirectoryPlace git_directory = source::GitDirectoryPlace::kOwn;
  /// Patterns of gitignore(5): what Git ignores and one of them matches is taken too.
  std::vector<std::string> include_ignored{};
  /// Tells of the entry that the sink got last, once its content ended; unset: the sink has no
  /// inodes that the guest will see.
  std::function<SeededInode()> inode_of_last{};
};

/// Passes on the tracked files of the work tree at `root`, in their current state, those of
/// checked-out submodules as plain files, and the ignored files that the options name, but no
/// `.git` among these; then a fresh `.git`: HEAD, its branch, the objects and
/// tags of its history, an index at HEAD, the settings that say how a tree is compared
/// (host_view.h), and nothing else of the repository. Leaves out a tracked file that is missing,
/// became a directory, or is behind a symbolic link. The host obeys nothing in the repository.
/// Returns notes for the person: sentences on what the seed lacks.
/// failed_precondition: an unreadable repository, with the ways out. An unreadable tracked file is
/// an Error that names it.
std::vector<std::string> give_git_seed(const std::filesystem::path& root,
                                       const GitSeedPlaces& places, const GitSeedOptions& options,
                                       tree::Sink& sink, const Work& work);

}  // namespace pyro::files
