#pragma once

#include <string>
#include <vector>

#include "services/files/git_seed/borrowed_repository.h"
#include "services/files/git_seed/host_view.h"

namespace pyro::files {

/// Paths of the work tree that Git ignores and that match one of the `patterns`, which are those of
/// gitignore(5): files, links, and directories with all that is in them. What lies in another
/// selected directory is not named again.
/// kInvalidArgument: an empty pattern, or one with a line break.
std::vector<std::string> select_ignored(const BorrowedRepository& repository, const HostView& view,
                                        const std::vector<std::string>& patterns);

}  // namespace pyro::files
