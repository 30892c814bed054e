#include "gateway/mcp/protocol/progress_plan.h"

#include <gtest/gtest.h>

#include <limits>

namespace pyro::mcp {
namespace {

using std::chrono::milliseconds;

class ProgressPlanTest : public ::testing::Test {
 protected:
  Clock::time_point at(int ms) const { return start_ + milliseconds(ms); }

  const Clock::time_point start_{};
  ProgressPlan plan_{start_};
};

TEST_F(ProgressPlanTest,
       a_silent_call_is_told_of_after_a_second_and_then_before_each_five_are_over) {
  EXPECT_EQ(plan_.due(), at(1000));
  EXPECT_FALSE(plan_.tick(at(999)));
  EXPECT_EQ(plan_.tick(at(1000)).value().progress, 1);
  EXPECT_EQ(plan_.due(), at(5500));
  EXPECT_FALSE(plan_.tick(at(5499)));
  EXPECT_EQ(plan_.tick(at(5500)).value().progress, 2);
  EXPECT_FALSE(plan_.tick(at(5500))) << "told twice";
}

TEST_F(ProgressPlanTest, words_are_told_four_times_a_second_and_the_newest_wins) {
  for (int ms = 0; ms < 1000; ms += 10) EXPECT_FALSE(plan_.report({.message = "early"}, at(ms)));
  EXPECT_EQ(plan_.tick(at(1000)).value().message, "early");
  EXPECT_FALSE(plan_.report({.message = "b"}, at(1010)));
  EXPECT_FALSE(plan_.report({.message = "c"}, at(1020)));
  EXPECT_EQ(plan_.due(), at(1250));
  const auto step = plan_.tick(at(1250));
  EXPECT_EQ(step.value().message, "c");
  EXPECT_EQ(step.value().progress, 2);
  EXPECT_EQ(plan_.due(), at(5750));
  EXPECT_EQ(plan_.tick(at(5750)).value().message, "c");
}

TEST_F(ProgressPlanTest, every_number_of_the_tool_is_told_at_once) {
  for (const int done : {0, 50, 100}) {
    const auto step = plan_.report({static_cast<double>(done), 100, "step"}, at(done));
    ASSERT_TRUE(step);
    EXPECT_EQ(step.value().progress, done);
    EXPECT_EQ(step.value().total, 100);
  }
}

TEST_F(ProgressPlanTest, a_number_that_does_not_grow_is_words) {
  plan_.report({5, 10, "five"}, at(0));
  EXPECT_FALSE(plan_.report({5, 10, "again"}, at(10)));
  EXPECT_FALSE(plan_.report({3, 10, "back"}, at(20)));
  const auto step = plan_.tick(at(250));
  EXPECT_EQ(step.value().message, "back");
  EXPECT_GT(step.value().progress, 5);
  EXPECT_LT(step.value().progress, 6);
}

TEST_F(ProgressPlanTest, numbers_that_are_none_are_words) {
  for (const double wild :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(plan_.report({wild, wild, "wild"}, at(0)));
  }
  const auto step = plan_.tick(at(1000));
  EXPECT_EQ(step.value().progress, 1);
  EXPECT_FALSE(step.value().total);
}

TEST_F(ProgressPlanTest, what_is_told_grows_whatever_the_tool_says) {
  double last = -1;
  const auto grows = [&last](const std::optional<ProgressPlan::Step>& step) {
    if (!step) return;
    EXPECT_GT(step.value().progress, last);
    last = step.value().progress;
  };
  int ms = 0;
  for (int i = 0; i < 200; ++i) grows(plan_.tick(at(ms += 5000)));
  for (int i = 0; i < 20; ++i) {
    grows(plan_.report({i, 10, ""}, at(ms += 1)));
    for (int beat = 0; beat < 50; ++beat) grows(plan_.tick(at(ms += 5000)));
  }
}

TEST_F(ProgressPlanTest, a_long_step_never_reaches_the_total_by_itself) {
  plan_.report({9, 10, ""}, at(0));
  int ms = 0;
  std::optional<ProgressPlan::Step> step;
  for (int i = 0; i < 100'000; ++i) step = plan_.tick(at(ms += 5000));
  EXPECT_GT(step.value().progress, 9.99);
  EXPECT_TRUE(!step->total || step.value().progress < *step.value().total);
}

TEST_F(ProgressPlanTest, beyond_its_total_a_call_has_none) {
  EXPECT_EQ(plan_.report({10, 10, ""}, at(0)).value().total, 10);
  const auto step = plan_.tick(at(5000));
  EXPECT_GT(step.value().progress, 10);
  EXPECT_FALSE(step.value().total);
}

}  // namespace
}  // namespace pyro::mcp
