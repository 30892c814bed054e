#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// Shells and services of workspaces: a keystroke's way, much output, and a start until it is
/// ready.
Part measure_shells();

}  // namespace pyro::bench
