#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// The MCP server: its start, what it adds to a call, calls a second, memory, its end.
Part measure_mcp();

}  // namespace pyro::bench
