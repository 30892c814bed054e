#include "pyro/client.h"

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/api/json_codec.h"
#include "common/base/clock.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"
#include "tests/service/supervisor/stack_fixture.h"
#include "tests/support/environment.h"
#include "tests/support/errors.h"

namespace pyro::test {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::WithVariable;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{30};

class ClientTest : public StackFixture {
 protected:
  ClientTest() { write_stack({{"image", ""}, {"vm", ""}, {"workspace", ""}}); }

  /// The last request that the workspace service got.
  api::Json last_request() const {
    const auto lines = split(trim(read_file(paths_.state_dir / "requests")), '\n');
    return api::Json::parse(lines.back());
  }

  /// Waits until a service has noted it; false after a while.
  bool happens(const std::string& event) const {
    const Deadline deadline = Clock::now() + kPatience;
    while (true) {
      const auto noted = events();
      if (std::find(noted.begin(), noted.end(), event) != noted.end()) return true;
      if (Clock::now() > deadline) return false;
      std::this_thread::yield();
    }
  }
};

TEST_F(ClientTest, starts_the_stack_and_is_called_by_many_threads) {
  Client client;
  std::vector<std::future<std::optional<int>>> statuses;
  for (int i = 0; i < 8; ++i) {
    statuses.push_back(std::async(std::launch::async, [&client] {
      const auto result = client.exec_workspace({.workspace_id = "w", .command = "both"});
      EXPECT_EQ(result.stdout_text, "to stdout\n");
      return result.exit_code;
    }));
  }
  for (auto& status : statuses) EXPECT_EQ(status.get(), 7);
  EXPECT_EQ(client.list_environments({}).environments.size(), 2U);
}

TEST_F(ClientTest, is_stopped_by_the_callers_token_and_the_service_hears_of_it) {
  Client client;
  std::stop_source stop;
  auto error = std::async(std::launch::async, [&] {
    return error_of([&] {
      client.exec_workspace({.workspace_id = "w", .command = "wait"}, {.stop = stop.get_token()});
    });
  });
  EXPECT_TRUE(happens("run workspace"));
  stop.request_stop();
  EXPECT_THAT(error.get(), Refused(ErrorCode::kCancelled));
  EXPECT_TRUE(happens("cancelled workspace"));
}

TEST_F(ClientTest, gives_up_at_the_callers_limit) {
  settled();
  Client client;
  EXPECT_THAT(error_of([&] {
                client.exec_workspace({.workspace_id = "w", .command = "wait"},
                                      {.limit = std::chrono::milliseconds(500)});
              }),
              Refused(ErrorCode::kDeadlineExceeded));
}

TEST_F(ClientTest, repeats_what_may_be_repeated_where_the_whole_stack_was_killed) {
  const auto stack = settled();
  tell("workspace.list.hold");
  tell("workspace.list.reply", R"({"count":3})");
  Client client;
  auto listed = std::async(std::launch::async, [&] { return client.list_workspaces({}); });
  const Deadline deadline = Clock::now() + kPatience;
  while (!std::filesystem::exists(paths_.state_dir / "requests") && Clock::now() < deadline) {
    std::this_thread::yield();
  }
  kill_and_wait(stack.pid.value());
  for (const auto& status : stack.services) kill_and_wait(status.pid.value());
  std::filesystem::remove(paths_.state_dir / "workspace.list.hold");
  EXPECT_EQ(listed.get().count, 3U);
}

TEST_F(ClientTest, tells_by_the_reason_what_was_refused) {
  Client client;
  const auto error =
      error_of([&] { client.exec_workspace({.workspace_id = "w", .command = "refuse"}); });
  EXPECT_THAT(error, Refused(reason::kLimitReached));
  EXPECT_EQ(error->reason(), "limit_reached");
}

TEST_F(ClientTest, shows_the_way_to_the_log_of_the_service_that_the_error_is_about) {
  const auto stack = settled();
  Client client;
  const auto neighbour =
      error_of([&] { client.exec_workspace({.workspace_id = "w", .command = "neighbour"}); });
  EXPECT_THAT(neighbour, Refused(reason::kNeighbourAway));
  EXPECT_THAT(neighbour, Refused(ErrorCode::kUnavailable, "service 'x' is not running"));
  auto call = std::async(std::launch::async, [&] {
    return error_of([&] { client.run_in_vm({.environment = "debian:12", .command = "wait"}); });
  });
  EXPECT_TRUE(happens("run vm"));
  kill_and_wait(service(stack, "vm").pid.value());
  const auto interrupted = call.get();
  EXPECT_THAT(interrupted, Refused(reason::kInterrupted));
  EXPECT_THAT(interrupted, Refused(ErrorCode::kUnavailable, HasSubstr("vm.log")));
}

TEST_F(ClientTest, gives_its_machines_the_callers_boot_policy) {
  Client().create_workspace({.environment = "debian:12"});
  EXPECT_EQ(last_request()["boot"], "auto");
  {
    const WithVariable cold("PYRO_BOOT", "cold");
    Client().create_workspace({.environment = "debian:12"});
  }
  EXPECT_EQ(last_request()["boot"], "cold");
  Client({.settings = {"vm.boot=cold"}}).reset_workspace({.workspace_id = "w"});
  EXPECT_EQ(last_request()["boot"], "cold");
}

TEST_F(ClientTest, refuses_what_is_out_of_its_limits_before_anything_starts) {
  EXPECT_THAT(error_of([] { Client({.settings = {"limits.colour=3"}}); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("unknown key 'limits.colour'")));
  Client client;
  EXPECT_THAT(error_of([&] { client.create_vm({.environment = "e", .vcpu_count = 99}); }),
              Refused(ErrorCode::kInvalidArgument, "vcpu_count must be between 1 and 8, not 99"));
  EXPECT_FALSE(client_->status());
}

}  // namespace
}  // namespace pyro::test
