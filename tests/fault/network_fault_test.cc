#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/api/machine.h"
#include "common/api/workspace_network.h"
#include "common/api/workspace_ports.h"
#include "tests/fault/workspace_faults.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro::test {
namespace {

using api::NetworkPolicy;
using pyro::testing::error_of;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

sockaddr_in loopback(std::uint32_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

std::uint32_t free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), any, size) != 0 || ::getsockname(fd.get(), any, &size) != 0) return 0;
  return ntohs(address.sin_port);
}

bool listens(std::uint32_t port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// What a workspace has in the end is what its record says, wherever a process was killed.
class NetworkFaults : public WorkspaceFaults {
 protected:
  NetworkFaults() {
    others_.emplace_back("pyro-net-gate");
    others_.emplace_back("pyro-net");
  }

  api::Workspace create_with(NetworkPolicy policy, std::vector<std::string> domains = {}) {
    return call(api::CreateWorkspace{.environment = kEnvironment,
                                     .ttl_seconds = 3600,
                                     .network_policy = policy,
                                     .allow_domains = std::move(domains)});
  }
  api::WorkspaceNetwork show(const std::string& id) {
    return call(api::ShowNetwork{.workspace_id = id});
  }
  void walk_between(NetworkPolicy before, NetworkPolicy after) {
    const std::string id = create_with(before).workspace_id;
    const auto update = [&](NetworkPolicy policy) {
      call(api::UpdateNetwork{.workspace_id = id, .network_policy = policy});
    };
    walk({.prepare =
              [&] {
                revive(id);
                update(before);
              },
          .act = [&] { update(after); },
          .check = [&] { expect_as_recorded(id); },
          .least_steps = 4});
  }
  /// Connected with a gate, or without both; and its guest's card as well.
  void expect_as_recorded(const std::string& id) {
    revive(id);
    const bool wanted = show(id).network_policy != NetworkPolicy::kOff;
    EXPECT_TRUE(soon([&] { return show(id).connected == wanted; }));
    EXPECT_TRUE(soon([&] { return processes("pyro-net-gate").size() == (wanted ? 1U : 0U); }));
    EXPECT_TRUE(soon([&] {
      const auto carrier = run(id, "cat /sys/class/net/eth0/carrier; cat /proc/net/route");
      return (carrier.stdout_text.find("1\n") == 0) == wanted &&
             (carrier.stdout_text.find("eth0") != std::string::npos) == wanted;
    }));
  }
};

TEST_F(NetworkFaults, a_create_with_a_network_is_all_or_nothing_wherever_a_process_is_killed) {
  walk({.prepare = [] {},
        .act = [&] { create_with(NetworkPolicy::kEgress, {"allowed.test"}); },
        .check =
            [&] {
              const auto list = call(api::ListWorkspaces{});
              EXPECT_LE(list.count, 1U);
              for (const auto& found : list.workspaces) {
                expect_as_recorded(found.workspace_id);
                EXPECT_THAT(show(found.workspace_id).allow, ElementsAre("allowed.test"));
                call(api::DeleteWorkspace{.workspace_id = found.workspace_id});
              }
              expect_no_garbage(0);
              EXPECT_TRUE(all_gone("pyro-net-gate"));
            },
        .least_steps = 10});
}

TEST_F(NetworkFaults, a_changed_policy_is_the_old_or_the_new_one_wherever_a_process_is_killed) {
  const std::string id = create_with(NetworkPolicy::kEgress, {"old.test"}).workspace_id;
  const auto update = [&](NetworkPolicy policy, std::vector<std::string> add) {
    call(api::UpdateNetwork{
        .workspace_id = id, .network_policy = policy, .allow_domains = std::move(add)});
  };
  walk({.prepare =
            [&] {
              revive(id);
              update(NetworkPolicy::kOff, {});
              update(NetworkPolicy::kEgress, {"old.test"});
            },
        .act = [&] { update(NetworkPolicy::kEgress, {"new.test"}); },
        .check =
            [&] {
              expect_as_recorded(id);
              EXPECT_THAT(show(id).allow,
                          AnyOf(ElementsAre("old.test"), ElementsAre("new.test", "old.test")));
            },
        .least_steps = 3});
}

TEST_F(NetworkFaults, a_network_is_taken_away_or_stays_wherever_a_process_is_killed) {
  walk_between(NetworkPolicy::kEgress, NetworkPolicy::kOff);
}

TEST_F(NetworkFaults, a_network_is_given_or_not_wherever_a_process_is_killed) {
  walk_between(NetworkPolicy::kOff, NetworkPolicy::kEgress);
}

TEST_F(NetworkFaults, a_port_listens_if_it_is_listed_wherever_a_process_is_killed) {
  const std::string id = create_with(NetworkPolicy::kEgressPublishedPorts).workspace_id;
  std::uint32_t host_port = 0;
  const auto listed = [&] { return call(api::ListPorts{.workspace_id = id}).ports; };
  walk({.prepare =
            [&] {
              revive(id);
              for (const auto& one : listed()) {
                call(api::ClosePort{.workspace_id = id, .host_port = one.host_port});
              }
              host_port = free_port();
            },
        .act =
            [&] {
              call(api::OpenPort{.workspace_id = id, .guest_port = 8000, .host_port = host_port});
            },
        .check =
            [&] {
              revive(id);
              const auto ports = listed();
              EXPECT_LE(ports.size(), 1U);
              EXPECT_TRUE(soon([&] { return listens(host_port) == !ports.empty(); }));
              EXPECT_FALSE(error_of([&] { show(id); }));
            },
        .least_steps = 1});
}

}  // namespace
}  // namespace pyro::test
