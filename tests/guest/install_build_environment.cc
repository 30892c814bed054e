#include <gtest/gtest.h>

#include "tests/guest/guest_fixture.h"

namespace pyro::test {

/// What has npm: a CTest fixture of the tests that reach registries.
TEST_F(GuestFixture, the_environment_with_npm_is_installed_and_its_template_made) {
  const auto done = run_command({.argv = pyro_words({"prepare", "debian:12-build"})},
                                Clock::now() + std::chrono::minutes(24), {});
  EXPECT_EQ(done.status.code, 0) << done.error_output;
}

}  // namespace pyro::test
