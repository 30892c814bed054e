#include "pyro/limits.h"

#include <gtest/gtest.h>

#include "common/api/environment.h"
#include "common/api/prepare.h"

namespace pyro {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ClientLimits, a_command_has_its_own_time_beside_what_it_needs_to_start) {
  EXPECT_EQ(usual_limit(api::ExecWorkspace{.timeout_seconds = 5}), minutes(10) + seconds(5));
  EXPECT_EQ(usual_limit(api::ExecMachine{.timeout_seconds = 5}), minutes(10) + seconds(5));
  EXPECT_EQ(usual_limit(api::RunMachine{.timeout_seconds = 5}), hours(2) + seconds(5));
}

TEST(ClientLimits, what_may_install_or_move_trees_has_hours_and_the_rest_minutes) {
  EXPECT_EQ(usual_limit(api::CreateWorkspace{}), hours(2));
  EXPECT_EQ(usual_limit(api::PullEnvironment{}), hours(2));
  EXPECT_EQ(usual_limit(api::PushSync{}), hours(6));
  EXPECT_EQ(usual_limit(api::DiffWorkspace{}), hours(6));
  EXPECT_EQ(usual_limit(api::PruneTemplates{}), minutes(10));
  EXPECT_EQ(usual_limit(api::WorkspaceStatus{}), minutes(2));
}

}  // namespace
}  // namespace pyro
