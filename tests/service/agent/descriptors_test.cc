#include "tests/service/agent/agent_fixture.h"
#include "tests/support/closed_descriptors.h"

namespace pyro::agent {
namespace {

class ClosedDescriptors : public AgentTest {
 protected:
  ClosedDescriptors() : AgentTest({}, pyro::testing::with_closed_descriptors()) {}
};

TEST_F(ClosedDescriptors, an_agent_that_starts_without_standard_descriptors_runs_commands) {
  const auto outcome = run("echo out; echo err >&2; exit 3");
  EXPECT_EQ(outcome.output, "out\n");
  EXPECT_EQ(outcome.errors, "err\n");
  EXPECT_EQ(outcome.job.exit_code, 3);
  EXPECT_EQ(pyro::testing::standard_descriptors_of(agent_->pid()), pyro::testing::kAllOnNull);
}

}  // namespace
}  // namespace pyro::agent
