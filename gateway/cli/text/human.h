#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Durations, times, numbers and hostile text for display. Sizes and single lines:
/// common/base/text.h.
namespace pyro::cli {

/// `45 s`, `1 min 30 s`, `10 min`, `2 h 5 min`, `7 d`: at most two units.
std::string human_duration(double seconds);

/// `12 ms`, `1.5 s`, `2 min 3 s`: how long a command ran.
std::string human_milliseconds(std::uint64_t milliseconds);

/// `just now`, `3 min ago`, `2 d ago`: one unit, rounded down. Both are seconds since the epoch.
std::string human_ago(double then, double now);

/// `in 9 min`, or `now` for the past: one unit, rounded down.
std::string human_until(double then, double now);

/// `2026-11-21 18:23 UTC` of seconds since the epoch.
std::string human_time(double epoch_seconds);

/// `1 file`, `3 files`; `one_of_them` is the singular, `many` its plural when it is irregular.
std::string count_of(std::uint64_t number, std::string_view one_of_them,
                     std::string_view many = "");

/// `a, b, … and 3 more`: the first `most` of `names`, each on one line.
std::string some_of(const std::vector<std::string>& names, std::size_t most);

}  // namespace pyro::cli
