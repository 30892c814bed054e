#pragma once

#include <string>
#include <string_view>

#include "tests/bench/bench_stack.h"

namespace pyro::bench {

/// What QEMU and a template cost when nothing but a socket drives them: no shim, no service.
struct Floor {
  double loaded;    ///< ms until the device state is loaded
  double answered;  ///< ms until the agent answers
  double pss_mib;
};
/// Medians, restored from the stack's own template, which must be there.
Floor measure_floor(BenchStack& stack);

/// Returns once a machine stands by.
void wait_for_standby(BenchStack& stack);

/// `1.20 times the floor, at most 1.6`
std::string times_the_floor(double value, double floor, std::string_view target);

}  // namespace pyro::bench
