#include "common/base/timespec.h"

#include <gtest/gtest.h>

namespace pyro {
namespace {

TEST(Timespec, a_time_that_nanoseconds_cannot_tell_is_the_nearest) {
  constexpr std::int64_t kYear2300 = 10'413'792'000;
  EXPECT_EQ(nanoseconds_of({.tv_sec = 1, .tv_nsec = 2}), 1'000'000'002);
  EXPECT_EQ(nanoseconds_of({.tv_sec = -1, .tv_nsec = 2}), -999'999'998);
  EXPECT_EQ(nanoseconds_of({.tv_sec = kYear2300, .tv_nsec = 0}),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(nanoseconds_of({.tv_sec = -kYear2300, .tv_nsec = 0}),
            std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace pyro
