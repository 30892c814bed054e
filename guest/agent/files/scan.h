#pragma once

#include "common/api/agent_files.h"
#include "common/tree/tree.h"

namespace pyro::agent::files {

/// Possible changes below a directory of the tree, as ScanTree says; paths relative to the tree. An
/// unchanged name costs one stat and is never copied.
/// kNotFound: there is no such path.
/// kFailedPrecondition: it is no directory.
void scan_tree(int tree, const api::agent::ScanTree& request, tree::Sink& sink);

}  // namespace pyro::agent::files
