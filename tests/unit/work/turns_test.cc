#include "common/work/turns.h"

#include <algorithm>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "common/base/reasons/machine.h"
#include "common/process/wait.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

/// Work that ends only when it is stopped.
void wait_for_stop(const std::stop_token& stop) {
  wait_for(-1, POLLIN, Clock::now() + std::chrono::minutes(1), StopFd(stop));
}

TEST(Turns, an_interruption_ends_the_operation_and_tells_its_caller_why) {
  Turns turns;
  std::promise<void> begun;
  auto outcome = std::async(std::launch::async, [&] {
    const auto operation = turns.begin({});
    begun.set_value();
    return error_of([&] { operation->run([&] { wait_for_stop(operation->stop()); }); });
  });
  begun.get_future().wait();
  const auto next =
      turns.interrupt(failed_precondition(reason::kOvertaken, "vm x was deleted meanwhile"));
  EXPECT_FALSE(next->stop().stop_requested());
  const auto error = outcome.get();
  EXPECT_THAT(error, Refused(ErrorCode::kFailedPrecondition, "vm x was deleted meanwhile"));
  EXPECT_THAT(error, Refused(reason::kOvertaken));
}

TEST(Turns, a_callers_own_stop_is_a_cancellation) {
  Turns turns;
  std::stop_source caller;
  const auto operation = turns.begin(caller.get_token());
  caller.request_stop();
  EXPECT_THAT(error_of([&] { operation->run([&] { wait_for_stop(operation->stop()); }); }),
              Refused(ErrorCode::kCancelled));
}

TEST(Turns, an_interruption_of_nobody_interrupts_nobody_later) {
  Turns turns;
  turns.interrupt(cancelled("nothing")).reset();
  EXPECT_FALSE(turns.begin({})->stop().stop_requested());
}

TEST(Turns, who_interrupts_goes_before_those_that_wait) {
  Turns turns;
  auto first = turns.begin({});
  std::vector<std::string> order;
  auto interrupting = std::async(std::launch::async, [&] {
    const auto turn = turns.interrupt(cancelled("deleted"));
    order.emplace_back("interrupting");
  });
  EXPECT_TRUE(error_of([&] { wait_for_stop(first->stop()); }).has_value());
  auto waiting = std::async(std::launch::async, [&] {
    const auto turn = turns.begin({});
    order.emplace_back("waiting");
  });
  first.reset();
  interrupting.wait();
  waiting.wait();
  EXPECT_EQ(order, (std::vector<std::string>{"interrupting", "waiting"}));
}

TEST(Turns, those_that_wait_come_in_the_order_of_their_coming) {
  Turns turns;
  auto first = turns.begin({});
  std::vector<int> order;
  std::vector<std::future<void>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::async(std::launch::async, [&order, &turns, i] {
      const auto turn = turns.begin({});
      order.push_back(i);
    }));
    ASSERT_TRUE(test::soon([&] { return turns.waiting() == waiting.size(); }));
  }
  first.reset();
  for (auto& one : waiting) one.get();
  EXPECT_EQ(order.size(), 20U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Turns, who_waits_can_be_stopped) {
  Turns turns;
  const auto first = turns.begin({});
  std::stop_source caller;
  auto outcome = std::async(std::launch::async,
                            [&] { return error_of([&] { turns.begin(caller.get_token()); }); });
  caller.request_stop();
  EXPECT_THAT(outcome.get(), Refused(ErrorCode::kCancelled));
}

}  // namespace
}  // namespace pyro
