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

/// Deadline, stop token and progress sink of an operation, for its steps and its calls of other
/// services.
struct Work {
  Deadline deadline = Clock::now() + std::chrono::seconds(30);
  std::stop_token stop{};
  api::ProgressSink progress{};
  std::string trace_id{};  ///< of the original call; nested calls carry it too

  void report(std::string_view phase, std::string_view message,
              std::optional<std::uint64_t> done = std::nullopt,
              std::optional<std::uint64_t> total = std::nullopt) const {
    if (progress) progress({std::string(phase), std::string(message), done, total});
  }

  /// The same work, with at most this time left.
  Work within(Clock::duration limit) const {
    Work shorter = *this;
    shorter.deadline = std::min(deadline, Clock::now() + limit);
    return shorter;
  }

  /// The same work with `other` as its stop token, in place of its caller's.
  Work stopped_by(std::stop_token other) const {
    Work changed = *this;
    changed.stop = std::move(other);
    return changed;
  }
};

}  // namespace pyro
