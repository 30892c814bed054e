#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// Diff, snapshot, reset and export of workspaces with 10,000, 30,000 and 100,000 files, each
/// beside its floor.
Part measure_large_trees();

}  // namespace pyro::bench
