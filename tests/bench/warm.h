#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// Machines from a template and from standby beside a bare restore of the same template, with
/// `pyro run` as a whole, twenty at once, and memory. Real guests under TCG.
Part measure_warm();

}  // namespace pyro::bench
