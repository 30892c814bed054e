#pragma once

#include <string>

#include "tests/bench/part.h"

namespace pyro::bench {

/// An empty call through the worker pool beside a bare ROUTER's echo of the same bytes.
Part measure_bus();

/// The other process: `role` is "call" or "echo". Serves until it is killed.
int serve_bus(const std::string& role, const std::string& socket, int core);

}  // namespace pyro::bench
