#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// A cold `pyro run` beside a bare boot, an exec beside the same fork and exec timed in the guest,
/// and the memory of an idle stack and machine. Real guests under TCG.
Part measure_machine();

}  // namespace pyro::bench
