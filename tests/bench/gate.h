#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// The gate between namespaces that it makes, beside a relay that does nothing but relay, in the
/// same run.
Part measure_gate();

}  // namespace pyro::bench
