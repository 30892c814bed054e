#include "tests/fault/fault_points.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "common/base/files.h"
#include "common/fault/fault.h"

namespace pyro::test {
namespace {

TEST(FaultPoints, who_is_released_the_moment_it_is_held_goes_on) {
  const TemporaryDirectory directory("/tmp", "pyro-faults");
  ASSERT_EQ(::setenv("PYRO_FAULTS", directory.path().c_str(), 1), 0);
  FaultPoints points(directory.path());
  for (int round = 0; round < 2000; ++round) {
    points.hold_at("here");
    auto passing = std::async(std::launch::async, [] { fault::point("here"); });
    const auto never = [] { return false; };
    ASSERT_TRUE(points.wait_until_held(never));
    points.release();
    // A process that is not heard again would wait for good.
    if (passing.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      FAIL() << "it is still held, round " << round;
    }
  }
}

}  // namespace
}  // namespace pyro::test
