#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "common/base/clock.h"
#include "services/supervisor/stack_file.h"

namespace pyro::supervisor {

/// Decides after the end of a service: restart after a pause that doubles, or give up. Forgets ends
/// older than the window, so a service that ran well for long starts afresh.
class RestartPolicy {
 public:
  explicit RestartPolicy(RestartRules rules) : rules_(rules) {}

  /// The pause before the next start; nullopt: a crash loop, give up.
  std::optional<std::chrono::milliseconds> after_end(Clock::time_point now);

 private:
  RestartRules rules_;
  std::deque<Clock::time_point> recent_ends_;
};

}  // namespace pyro::supervisor
