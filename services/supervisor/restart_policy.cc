#include "services/supervisor/restart_policy.h"

#include <algorithm>

namespace pyro::supervisor {

std::optional<std::chrono::milliseconds> RestartPolicy::after_end(Clock::time_point now) {
  const auto window = std::chrono::seconds(rules_.crash_window_seconds);
  while (!recent_ends_.empty() && now - recent_ends_.front() > window) recent_ends_.pop_front();
  recent_ends_.push_back(now);
  if (recent_ends_.size() > rules_.crash_limit) return std::nullopt;
  std::uint64_t pause = rules_.backoff_initial_ms;
  for (std::size_t i = 1; i < recent_ends_.size() && pause < rules_.backoff_max_ms; ++i) pause *= 2;
  return std::chrono::milliseconds(std::min<std::uint64_t>(pause, rules_.backoff_max_ms));
}

}  // namespace pyro::supervisor
