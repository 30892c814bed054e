#include "services/workspace/network/connections.h"

#include <gmock/gmock.h>

#include "common/base/clock.h"
#include "common/guest/machine_paths.h"
#include "common/network/connection_log.h"
#include "tests/support/fake_agent.h"
#include "tests/unit/workspace/workspace_fixture.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;
using ::testing::ElementsAre;
using testing::FakeAgent;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kNetworkedVm = "vvvvvvvvvvvv";

/// A machine whose gate denied something, and whose guest says what a test wants it to.
class ConnectionsTest : public WorkspaceTest {
 protected:
  ConnectionsTest() {
    paths_.runtime_dir = directory_ / "r";
    workspace_.vm_id = kNetworkedVm;
    workspace_.workspace.network_policy = api::NetworkPolicy::kEgress;
    std::filesystem::create_directories(machine().link_socket.parent_path());
    std::filesystem::create_directories(machine().network_directory());
  }
  MachinePaths machine() const { return {paths_, kNetworkedVm}; }

  void denied(const std::string& name, std::uint16_t port) {
    network::ConnectionLog(machine().network_directory())
        .append({.protocol = network::Protocol::kDns,
                 .name = name,
                 .guest_port = port,
                 .reason = "name_not_allowed"});
  }
  static wire::JobConnection began(const std::string& job_id, std::uint32_t port) {
    return {.job_id = job_id,
            .guest_port = port,
            .realtime_ns = static_cast<std::uint64_t>(now_epoch_seconds() * 1e9)};
  }
  /// A guest that tells this once.
  FakeAgent guest_with(std::vector<wire::JobConnection> connections) {
    return FakeAgent(machine().link_socket, [connections, this](const link::Frame& request) {
      ++asked_;
      after_ =
          api::from_msgpack<wire::AskConnections>(request.body.data, api::UnknownFields::kRefuse)
              .after_ns;
      return FakeAgent::result(wire::JobConnections{.known = true, .connections = connections});
    });
  }
  std::vector<std::string> denied_to(const std::string& job_id) {
    const CommandRecord command{.workspace_id = workspace_.id(),
                                .session = workspace_.session,
                                .job_id = job_id,
                                .recorded_at = begun_};
    std::vector<std::string> names;
    for (const auto& one : connections_.denied_to(command, kNetworkedVm, work())) {
      names.push_back(one.name);
    }
    return names;
  }
  static Work work() { return {.deadline = Clock::now() + std::chrono::minutes(1)}; }

  double begun_ = now_epoch_seconds() - 1;
  std::atomic<int> asked_ = 0;
  std::atomic<std::uint64_t> after_ = 0;
  WorkspaceRecord workspace_ = record_of("aaaaaaaaaaaa");
  Connections connections_{registry_, paths_};
};

TEST_F(ConnectionsTest, a_command_is_told_of_its_own_denials_and_of_those_of_nobody_known) {
  const auto guest = guest_with({began("a", 40000), began("b", 40001)});
  denied("a.test", 40000);
  denied("b.test", 40001);
  denied("nobodys.test", 40002);
  EXPECT_THAT(denied_to("a"), ElementsAre("a.test", "nobodys.test"));
  EXPECT_THAT(denied_to("b"), ElementsAre("b.test", "nobodys.test"));
}

TEST_F(ConnectionsTest, a_guest_that_does_not_say_whose_they_are_hides_nothing) {
  const FakeAgent guest(machine().link_socket, [](const link::Frame&) {
    return FakeAgent::error(not_found("no such method"));
  });
  denied("a.test", 40000);
  EXPECT_THAT(denied_to("a"), ElementsAre("a.test"));
  EXPECT_THAT(denied_to("b"), ElementsAre("a.test"));
}

TEST_F(ConnectionsTest, a_guest_is_asked_only_where_something_was_logged) {
  const auto guest = guest_with({});
  EXPECT_THAT(denied_to("a"), IsEmpty());
  EXPECT_EQ(asked_, 0);
}

TEST_F(ConnectionsTest, what_a_guest_told_outlives_it_and_this_process) {
  const auto one = began("a", 40000);
  {
    const auto guest = guest_with({one});
    EXPECT_THAT(connections_.all(workspace_, work()), ElementsAre(one));
    EXPECT_EQ(after_, 0U);
    // Told again, it is not kept twice.
    EXPECT_THAT(connections_.all(workspace_, work()), ElementsAre(one));
    EXPECT_EQ(after_, one.realtime_ns);
  }
  Connections later(registry_, paths_);
  EXPECT_THAT(later.all(workspace_, work()), ElementsAre(one));
}

TEST_F(ConnectionsTest, those_of_an_earlier_session_go_and_a_deleted_workspace_leaves_none) {
  const auto guest = guest_with({began("a", 40000)});
  ASSERT_THAT(connections_.all(workspace_, work()), SizeIs(1));
  WorkspaceRecord reset = workspace_;
  ++reset.session;
  connections_.collect_garbage(reset);
  EXPECT_THAT(registry_.all("workspace_connections"), IsEmpty());
  ASSERT_THAT(connections_.all(reset, work()), SizeIs(1));
  connections_.forget(reset.id());
  EXPECT_THAT(registry_.all("workspace_connections"), IsEmpty());
}

TEST_F(ConnectionsTest, a_guest_that_tells_ever_more_fills_no_disk) {
  std::atomic<std::uint64_t> time = 1;
  const FakeAgent guest(machine().link_socket, [&](const link::Frame&) {
    return FakeAgent::result(wire::JobConnections{
        .known = true, .connections = {{.job_id = "a", .guest_port = 1, .realtime_ns = ++time}}});
  });
  for (int i = 0; i < 300; ++i) connections_.all(workspace_, work());
  EXPECT_THAT(registry_.all("workspace_connections"), SizeIs(256));
}

}  // namespace
}  // namespace pyro::workspace
