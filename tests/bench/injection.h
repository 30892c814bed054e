#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// TLS that the gate terminates, beside TLS that it passes on: in namespaces of its own, so call it
/// in a process of its own.
void measure_injection(const Adder& add);

}  // namespace pyro::bench
