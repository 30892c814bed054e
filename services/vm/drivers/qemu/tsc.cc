#include "services/vm/drivers/qemu/tsc.h"

#include <time.h>
#include <x86intrin.h>

namespace pyro::vm::qemu {
namespace {

double raw_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::uint64_t measure() {
  constexpr timespec kSpan{.tv_sec = 0, .tv_nsec = 50'000'000};
  const double begin = raw_nanoseconds();
  const std::uint64_t first = __rdtsc();
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kSpan, nullptr);
  const std::uint64_t ticks = __rdtsc() - first;
  return static_cast<std::uint64_t>(static_cast<double>(ticks) / (raw_nanoseconds() - begin) * 1e6);
}

}  // namespace

std::uint64_t host_tsc_khz() {
  static const std::uint64_t khz = measure();
  return khz;
}

}  // namespace pyro::vm::qemu
