#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// Workspaces: create, reset, diff, files and transfers, each beside its floor.
Part measure_workspace();

}  // namespace pyro::bench
