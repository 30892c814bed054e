#include "services/vm/boot/guest_boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/api/agent.h"
#include "common/api/agent_files.h"
#include "common/base/reasons/machine.h"
#include "tests/support/errors.h"
#include "tests/support/fake_agent.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::AllOf;
using testing::FakeAgent;
using ::testing::HasSubstr;

/// Steps with a guest that answers what a test wants it to.
class GuestBootTest : public ::testing::Test {
 protected:
  GuestBootTest() {
    paths_.state_dir = directory_ / "s";
    paths_.runtime_dir = directory_ / "r";
    std::filesystem::create_directories(machine().link_socket.parent_path());
    config_.mount_timeout_seconds = 1;
    config_.rehearsal_timeout_seconds = 1;
  }
  MachinePaths machine() const { return {paths_, "0123456789ab"}; }
  static Work work() { return {.deadline = Clock::now() + std::chrono::minutes(1)}; }
  GuestLimits limits() const { return GuestLimits(config_); }

  TestDirectory directory_;
  Paths paths_;
  VmConfig config_;
};

TEST_F(GuestBootTest, a_mount_that_takes_too_long_names_its_setting) {
  FakeAgent agent(machine().link_socket, [](const link::Frame&) { return std::string(); });
  const auto error = error_of([&] { mount_workspace(machine(), limits().mount, work()); });
  EXPECT_THAT(error, Refused(ErrorCode::kDeadlineExceeded,
                             AllOf(HasSubstr("mount the workspace's volume"),
                                   HasSubstr("(1 s: `vm.mount_timeout_seconds` gives more)"))));
}

TEST_F(GuestBootTest, a_caller_that_has_no_time_left_is_told_of_no_setting) {
  FakeAgent agent(machine().link_socket, [](const link::Frame&) { return std::string(); });
  const Work none{.deadline = Clock::now()};
  const auto error = error_of([&] { mount_workspace(machine(), limits().mount, none); });
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message(), ::testing::Not(HasSubstr("vm.mount_timeout_seconds")));
}

TEST_F(GuestBootTest, a_rehearsal_that_its_guest_cut_off_names_its_setting) {
  FakeAgent agent(machine().link_socket, [](const link::Frame& request) {
    return request.method == api::agent::StartJob::kMethod.name
               ? FakeAgent::result(
                     api::agent::Job{.state = api::JobState::kTimedOut, .exit_code = 124})
               : FakeAgent::result(api::Nothing{});
  });
  EXPECT_THAT(error_of([&] { rehearse(machine(), "sleep 9", limits(), work()); }),
              Refused(ErrorCode::kDeadlineExceeded,
                      HasSubstr("(1 s: `vm.rehearsal_timeout_seconds` gives more)")));
}

TEST_F(GuestBootTest, a_rehearsal_of_a_workspace_that_takes_too_long_names_its_setting) {
  FakeAgent agent(machine().link_socket, [](const link::Frame&) { return std::string(); });
  EXPECT_THAT(error_of([&] { rehearse_workspace(machine(), limits().rehearsal, work()); }),
              Refused(ErrorCode::kDeadlineExceeded,
                      HasSubstr("(1 s: `vm.rehearsal_timeout_seconds` gives more)")));
}

}  // namespace
}  // namespace pyro::vm
