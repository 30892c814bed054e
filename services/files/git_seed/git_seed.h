#pragma once

#include <filesystem>

#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/git_seed/packed_history.h"

namespace pyro::files {

/// Passes on the tracked files of the work tree at `root`, in their current state, those of
/// checked-out submodules as plain files; then a fresh `.git`: HEAD, its branch, the objects of its
/// history, an index at HEAD, and nothing else of the repository. Leaves out a tracked file that is
/// missing, became a directory, or is behind a symbolic link. The host obeys nothing in the
/// repository.
/// failed_precondition: an unreadable repository, with the ways out. An unreadable tracked file is
/// an Error that names it.
void give_git_seed(const std::filesystem::path& root, const GitSeedPlaces& places, tree::Sink& sink,
                   const Work& work);

}  // namespace pyro::files
