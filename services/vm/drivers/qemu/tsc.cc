#include "services/vm/drivers/qemu/tsc.h"

#include <time.h>
#include <x86intrin.h>

namespace pyro::vm::qemu {
namespace {

/// One moment on both clocks.
struct Moment {
  double nanoseconds;
  std::uint64_t ticks;
};

double raw_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// On a busy host we may be interrupted between the two readings for longer than all the rest
/// takes: of several tries the quickest counts.
Moment read_both() {
  constexpr int kTries = 20;
  Moment best{};
  std::uint64_t shortest = ~std::uint64_t{0};
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = __rdtsc();
    const double nanoseconds = raw_nanoseconds();
    const std::uint64_t took = __rdtsc() - before;
    if (took >= shortest) continue;
    shortest = took;
    best = {.nanoseconds = nanoseconds, .ticks = before + took / 2};
  }
  return best;
}

std::uint64_t measure() {
  constexpr timespec kSpan{.tv_sec = 0, .tv_nsec = 50'000'000};
  const Moment begin = read_both();
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kSpan, nullptr);
  const Moment end = read_both();
  return static_cast<std::uint64_t>(static_cast<double>(end.ticks - begin.ticks) /
                                    (end.nanoseconds - begin.nanoseconds) * 1e6);
}

}  // namespace

std::uint64_t host_tsc_khz() {
  static const std::uint64_t khz = measure();
  return khz;
}

}  // namespace pyro::vm::qemu
