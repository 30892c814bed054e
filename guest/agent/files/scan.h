#pragma once

#include "common/api/agent_files.h"
#include "common/tree/tree.h"

namespace pyro::agent::files {

/// Answers ScanTree: possible changes below a directory of the tree, with paths relative to the
/// tree. An unchanged name costs one stat and no copy.
/// kNotFound: no such path.
/// kFailedPrecondition: not a directory.
void scan_tree(int tree, const api::agent::ScanTree& request, tree::Sink& sink);

}  // namespace pyro::agent::files
