#include "services/image/run_both.h"

#include <condition_variable>
#include <mutex>

#include "tests/support/errors.h"

namespace pyro::image {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

void wait_for_stop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait(lock, stop, [] { return false; });
  throw cancelled("stopped");
}

TEST(RunBoth, stops_the_other_one_and_throws_the_cause) {
  const auto fails = [](const std::stop_token&) { throw unavailable("no network"); };
  EXPECT_THAT(error_of([&] { run_both(fails, wait_for_stop, {}); }),
              Refused(ErrorCode::kUnavailable, "no network"));
  EXPECT_THAT(error_of([&] { run_both(wait_for_stop, fails, {}); }),
              Refused(ErrorCode::kUnavailable, "no network"));
}

TEST(RunBoth, passes_a_stop_to_both) {
  std::stop_source outer;
  outer.request_stop();
  EXPECT_THAT(error_of([&] { run_both(wait_for_stop, wait_for_stop, outer.get_token()); }),
              Refused(ErrorCode::kCancelled, "stopped"));
}

}  // namespace
}  // namespace pyro::image
