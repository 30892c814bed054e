#include <gtest/gtest.h>

#include "tests/guest/guest_fixture.h"

namespace pyro::test {

/// The other guest tests need it: a CTest fixture.
TEST_F(GuestFixture, the_environment_is_installed_and_its_template_made) {
  const auto done = run_command({.argv = pyro_words({"prepare", kEnvironment})},
                                Clock::now() + std::chrono::minutes(14), {});
  EXPECT_EQ(done.status.code, 0) << done.error_output;
}

}  // namespace pyro::test
