#pragma once

#include "common/source/repository.h"
#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/git_seed/borrowed_repository.h"
#include "services/files/git_seed/packed_history.h"

namespace pyro::files {

/// Passes `.git` and its content to the sink. `history` is null for a repository without commits.
void give_fresh_git_directory(const source::Repository& repository,
                              const BorrowedRepository& borrowed, const PackedHistory* history,
                              tree::Sink& sink, const Work& work);

}  // namespace pyro::files
