#include "gateway/mcp/protocol/progress_ticker.h"

#include <gtest/gtest.h>

#include <semaphore>

namespace pyro::mcp {
namespace {

using Due = std::optional<Clock::time_point>;

Due in(Clock::duration time) { return Clock::now() + time; }

class ProgressTickerTest : public ::testing::Test {
 protected:
  bool ticked() { return ticked_.try_acquire_for(std::chrono::seconds(30)); }

  std::counting_semaphore<> ticked_{0};
  int ticks_ = 0;
  ProgressTicker ticker_;
};

TEST_F(ProgressTickerTest, comes_again_each_time_that_a_tick_says_so_though_others_are_due_later) {
  const auto late = [] { return in(std::chrono::hours(1)); };
  ticker_.add(late);
  ticker_.add([this] {
    ticked_.release();
    return in(std::chrono::milliseconds(1));
  });
  ticker_.add(late);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ticked()) << i;
}

TEST_F(ProgressTickerTest, comes_again_before_that_when_it_is_told_to) {
  ticker_.add([this] {
    ticked_.release();
    return in(std::chrono::hours(1));
  });
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(ticked()) << i;
    ticker_.look_again();
  }
}

TEST_F(ProgressTickerTest, does_not_come_again_to_what_is_over) {
  ticker_.add([this]() -> Due {
    ++ticks_;
    return std::nullopt;
  });
  // On the same thread, after it.
  ticker_.add([this] {
    EXPECT_EQ(ticks_, 1);
    ticked_.release();
    return in(std::chrono::milliseconds(1));
  });
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ticked()) << i;
}

}  // namespace
}  // namespace pyro::mcp
