#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// What a network adds to a workspace's creation, what passes through it, and published ports.
Part measure_network();

}  // namespace pyro::bench
