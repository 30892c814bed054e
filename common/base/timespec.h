#pragma once

#include <time.h>

#include <cstdint>
#include <limits>

namespace pyro {

/// Nanoseconds since the epoch. An int64_t holds those of the years 1678 to 2261: a time before or
/// after, which a file can have, is its least or its greatest.
constexpr std::int64_t nanoseconds_of(const timespec& time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kGreatest = std::numeric_limits<std::int64_t>::max();
  if (time.tv_sec > kGreatest / kSecond - 1) return kGreatest;
  if (time.tv_sec < kLeast / kSecond + 1) return kLeast;
  return time.tv_sec * kSecond + time.tv_nsec;
}

}  // namespace pyro
