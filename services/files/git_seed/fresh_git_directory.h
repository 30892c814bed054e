#pragma once

#include <string_view>

#include "common/tree/tree.h"
#include "services/files/git_seed/borrowed_repository.h"
#include "services/files/git_seed/host_view.h"
#include "services/files/git_seed/packed_history.h"

namespace pyro::files {

/// Passes `.git` and its content to the sink. `history` is null for a repository without commits;
/// `index` is the content of its index.
void give_fresh_git_directory(const BorrowedRepository& repository, const HostView& view,
                              const PackedHistory* history, std::string_view index,
                              tree::Sink& sink);

}  // namespace pyro::files
