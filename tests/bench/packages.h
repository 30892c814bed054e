#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// What the package cache saves `npm ci`, with the registry that this host is set to use.
Part measure_packages();

}  // namespace pyro::bench
