#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "common/api/progress.h"
#include "common/base/clock.h"

namespace pyro {

/// Until when, unless stopped, telling whom: what every step of an operation is given, and every
/// call that it makes of others.
struct Work {
  Deadline deadline = Clock::now() + std::chrono::seconds(30);
  std::stop_token stop{};
  api::ProgressSink progress{};
  std::string trace_id{};  ///< of the call that it is done for: the calls it makes carry it too

  void report(std::string_view phase, std::string_view message,
              std::optional<std::uint64_t> done = std::nullopt,
              std::optional<std::uint64_t> total = std::nullopt) const {
    if (progress) progress({std::string(phase), std::string(message), done, total});
  }

  /// The same work with less time, where it had more.
  Work within(Clock::duration limit) const {
    Work shorter = *this;
    shorter.deadline = std::min(deadline, Clock::now() + limit);
    return shorter;
  }

  /// The same work where `other` stops it: more than its caller can.
  Work stopped_by(std::stop_token other) const {
    Work changed = *this;
    changed.stop = std::move(other);
    return changed;
  }
};

}  // namespace pyro
