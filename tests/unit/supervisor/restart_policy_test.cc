#include "services/supervisor/restart_policy.h"

#include <gtest/gtest.h>

namespace pyro::supervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RestartRules kRules{
    .backoff_initial_ms = 100, .backoff_max_ms = 500, .crash_limit = 4, .crash_window_seconds = 60};

TEST(RestartPolicy, the_pause_doubles_up_to_its_limit) {
  RestartPolicy policy(kRules);
  const auto now = Clock::now();
  EXPECT_EQ(policy.after_end(now), milliseconds(100));
  EXPECT_EQ(policy.after_end(now), milliseconds(200));
  EXPECT_EQ(policy.after_end(now), milliseconds(400));
  EXPECT_EQ(policy.after_end(now), milliseconds(500));
}

TEST(RestartPolicy, one_end_more_than_the_limit_within_the_window_gives_up) {
  RestartPolicy policy(kRules);
  const auto now = Clock::now();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(policy.after_end(now + seconds(10 * i)).has_value());
  EXPECT_EQ(policy.after_end(now + seconds(50)), std::nullopt);
}

TEST(RestartPolicy, ends_before_the_window_are_forgotten) {
  RestartPolicy policy(kRules);
  const auto now = Clock::now();
  for (int i = 0; i < 4; ++i) policy.after_end(now);
  EXPECT_EQ(policy.after_end(now + seconds(61)), milliseconds(100));
}

}  // namespace
}  // namespace pyro::supervisor
