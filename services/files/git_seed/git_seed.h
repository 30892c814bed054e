#pragma once

#include <filesystem>

#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/git_seed/packed_history.h"

namespace pyro::files {

/// Gives the files that Git tracks in the work tree whose root is `root`, as they stand, with those
/// of submodules that are checked out as plain files; then a fresh `.git`: HEAD, the branch that it
/// names, the objects of its history, an index at HEAD, and nothing else of the repository. A
/// tracked file that is missing is left out, and so is one that lies behind a symbolic link or
/// became a directory. The host obeys nothing in the repository.
/// failed_precondition: a repository that cannot be read, with the ways out. An unreadable tracked
/// file is an Error that names it.
void give_git_seed(const std::filesystem::path& root, const GitSeedPlaces& places, tree::Sink& sink,
                   const Work& work);

}  // namespace pyro::files
