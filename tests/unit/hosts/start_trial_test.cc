#include "host-helpers/hosts/start_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "common/base/error.h"
#include "tests/support/soon.h"
#include "tests/unit/hosts/scratch_home.h"

namespace pyro::hosts {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

class StartTrialTest : public ::testing::Test {
 protected:
  /// A server that answers each line by what the script prints for it.
  StartTrial trial(const std::string& script,
                   const std::optional<std::vector<std::string>>& passed = std::nullopt) {
    home_.install("server", "#!/bin/sh\n" + script);
    return try_start({.command = (home_ / "bin/server").string(),
                      .args = {"mcp", "serve"},
                      .environment = {{"OWN", "1"}}},
                     passed, home_.project(), {});
  }
  ScratchHome home_;
};

/// "" once the process is gone.
std::string status_text(const std::filesystem::path& status) {
  try {
    return read_file(status);
  } catch (const Error&) {
    return "";
  }
}

constexpr const char* kHonest =
    "read line; echo noise; printf '{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{}}\\n'\n"
    "read line; read line\n"
    "printf '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{},{}]}}\\n'\n";

TEST_F(StartTrialTest, a_server_that_lists_its_tools_starts) {
  const auto done = trial(kHonest);
  EXPECT_TRUE(done.ok) << done.error.value_or("");
  EXPECT_EQ(done.tool_count, 2U);
}

TEST_F(StartTrialTest, it_gets_the_variables_that_its_host_passes_and_no_others) {
  ::setenv("PYRO_TEST_DROPPED", "1", 1);
  ::setenv("PYRO_TEST_PASSED", "1", 1);
  const std::string check =
      "test -z \"$PYRO_TEST_DROPPED\" && test -n \"$PYRO_TEST_PASSED\" && test -n \"$OWN\" || exit "
      "1\n";
  EXPECT_TRUE(trial(check + kHonest, std::vector<std::string>{"PATH", "PYRO_TEST_PASSED"}).ok);
  EXPECT_FALSE(trial(check + kHonest).ok);
}

TEST_F(StartTrialTest, a_failure_says_what_the_server_said) {
  EXPECT_THAT(
      trial("echo 'no such flag' >&2; exit 2\n").error,
      Optional(::testing::AllOf(HasSubstr("ended without an answer"), HasSubstr("no such flag"))));
  // Also one that reads nothing, and is gone before it is asked.
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(trial("exit 0\n").ok);
  EXPECT_THAT(trial("read l; printf '{\"id\":0,\"error\":{\"message\":\"locked\"}}\\n'\n").error,
              Optional(HasSubstr("it refused initialize: locked")));
  EXPECT_THAT(try_start({.command = "/nonexistent/pyro", .args = {}, .environment = {}},
                        std::nullopt, "/", {})
                  .error,
              Optional(HasSubstr("is not installed")));
}

TEST_F(StartTrialTest, what_a_server_started_ends_with_it) {
  const auto mark = home_ / "pid";
  EXPECT_TRUE(trial("sleep 1000 & echo $! > " + mark.string() + "\n" + kHonest).ok);
  const std::string pid = home_.read("pid");
  const auto status = std::filesystem::path("/proc") / pid.substr(0, pid.find('\n')) / "status";
  // It is gone, or at most waits to be reaped by init.
  EXPECT_TRUE(pyro::test::soon([&status] {
    const std::string text = status_text(status);
    return text.empty() || text.find("State:\tZ") != std::string::npos;
  }));
}

}  // namespace
}  // namespace pyro::hosts
