#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/bench_stack.h"
#include "tests/bench/part.h"

namespace pyro::bench {

double megabytes_per_second(std::uint64_t bytes, double milliseconds);

/// The link with no file at either end, in MB/s: the agent of the machine sends what it keeps of a
/// job's output, again and again.
double raw_link_rate(BenchStack& stack, const std::string& vm_id);

/// The link, a push and an export, beside a bare guest's port.
Part measure_link();

}  // namespace pyro::bench
