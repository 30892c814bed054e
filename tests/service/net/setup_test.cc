#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mount.h>

#include <cerrno>
#include <fstream>

#include "common/api/json_codec.h"
#include "common/base/reasons/network.h"
#include "common/config/programs.h"
#include "services/net/gate/relay/tcp_relay.h"
#include "services/net/gate/setup/machine_network.h"
#include "tests/service/net/lab.h"
#include "tests/support/processes.h"

namespace pyro::gate {
namespace {

using network::Policy;
using pyro::testing::content_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(GateSetup, a_ready_gate_says_how_connections_are_answered_and_which_policy_applies) {
  Lab lab;
  const auto report = lab.start_only(open_policy());
  ASSERT_EQ(report.event, network::GateEvent::kReady) << report.message;
  EXPECT_EQ(report.digest, network::digest_of(open_policy()));
  EXPECT_EQ(report.connect_answer, network::ConnectAnswer::kHonest);
  EXPECT_TRUE(report.ipv6);
}

TEST(GateSetup, a_guest_resolves_a_name_and_talks_to_its_address) {
  Lab lab;
  lab.start(open_policy());
  lab.internet().set("example.test", {"203.0.113.10", "2a00:2::10"});
  EXPECT_THAT(lab.resolve("example.test").addresses, ElementsAre("203.0.113.10"));
  EXPECT_THAT(lab.resolve("example.test", 28).addresses, ElementsAre("2a00:2::10"));
  EXPECT_EQ(lab.talk("203.0.113.10", 22, "hello"), "hello");
  EXPECT_EQ(lab.talk("2a00:2::10", 22, "hello"), "hello");
  EXPECT_TRUE(lab.logged(network::Verdict::kClosed, "", "example.test"));
}

TEST(GateSetup, without_a_route_of_the_host_the_guest_has_no_ipv6) {
  Lab lab;
  lab.host().ip("-6 route del default");
  EXPECT_FALSE(lab.start_only(open_policy()).ipv6);
  lab.internet().set("example.test", {"203.0.113.10", "2a00:2::10"});
  const auto resolved = lab.resolve("example.test", 28);
  EXPECT_EQ(resolved.rcode, 0);
  EXPECT_THAT(resolved.addresses, IsEmpty());
  EXPECT_THAT(lab.internet().questions(), IsEmpty());
  EXPECT_EQ(lab.talk("203.0.113.10", 22, "hello"), "hello");
}

/// What `--try` prints, which doctor reads.
network::GateReport tried() {
  const auto result = run_command({.argv = {sibling_program(network::kGateProgram).string(),
                                            std::string(network::kTryGateWord)}},
                                  Clock::now() + std::chrono::seconds(30), {});
  return api::from_json_text<network::GateReport>(result.output, api::UnknownFields::kRefuse,
                                                  "the report");
}

TEST(GateSetup, a_trial_says_that_the_host_is_fit) {
  const Lab lab;
  EXPECT_EQ(tried().event, network::GateEvent::kReady);
}

TEST(GateSetup, without_user_namespaces_it_names_the_cause_and_the_way_out) {
  Lab lab;
  const char* limit = "/proc/sys/user/max_user_namespaces";
  const std::string before = content_of(limit);
  std::ofstream(limit) << 0;
  const auto report = lab.start_only(open_policy());
  const auto trial = tried();
  std::ofstream(limit) << before;
  EXPECT_EQ(report.event, network::GateEvent::kFailed);
  EXPECT_EQ(report.reason, "no_user_namespaces");
  EXPECT_THAT(report.message, HasSubstr("user.max_user_namespaces"));
  EXPECT_EQ(trial.message, report.message);
}

TEST(GateSetup, without_a_tun_device_it_names_the_cause_and_the_way_out) {
  Lab lab;
  ASSERT_EQ(::mount("/dev/null", "/dev/net/tun", nullptr, MS_BIND, nullptr), 0);
  const auto report = lab.start_only(open_policy());
  ::umount2("/dev/net/tun", MNT_DETACH);
  EXPECT_EQ(report.event, network::GateEvent::kFailed);
  EXPECT_EQ(report.reason, "no_tun");
  EXPECT_THAT(report.message, HasSubstr("load the module tun"));
}

TEST(GateSetup, each_step_that_a_host_may_refuse_has_its_reason) {
  EXPECT_EQ(setup_error("unshare", ENOSPC).reason(), reason::kNoUserNamespaces.name());
  EXPECT_EQ(setup_error("interfaces", EPERM).reason(), reason::kNamespacesWithoutRights.name());
  EXPECT_THAT(setup_error("interfaces", EPERM).message(), HasSubstr("AppArmor"));
  EXPECT_EQ(setup_error("open tun", EACCES).reason(), reason::kNoTun.name());
  EXPECT_EQ(setup_error("packet rules", ENOENT).reason(), reason::kNoPacketFilter.name());
  EXPECT_EQ(setup_error("bind", EADDRINUSE).reason(), reason::kGateFailed.name());
}

TEST(GateSetup, without_a_queue_for_syns_connections_are_accepted_first_and_reset) {
  Lab lab;
  MachineNetwork network = make_machine_network(false, SynHold::kNone);
  EXPECT_EQ(network.connect_answer(), network::ConnectAnswer::kAcceptFirst);
  lab.plug(std::move(network.tap));
  Loop loop;
  Rules rules;
  rules.set(open_policy(), "");
  Journal journal(loop, lab.directory());
  CacheDialer cache(loop, {});
  TcpRelay relay(loop, rules, journal, network, cache, 16, [](UniqueFd) {});
  const UniqueFd end(::eventfd(0, EFD_CLOEXEC));
  const Loop::Watch watch(loop, end.get(), EPOLLIN, [&](std::uint32_t) { loop.stop(); });
  std::thread relaying([&] { loop.run(); });
  EXPECT_EQ(lab.talk("203.0.113.10", 22, "x"), "x");
  for (const auto& [address, port] :
       std::vector<std::pair<std::string, std::uint16_t>>{{"10.1.2.3", 80}, {"203.0.113.10", 81}}) {
    const auto dialed = lab.dial(address, port);
    // The reset may come before connect() returns.
    if (dialed.error == ECONNRESET) continue;
    ASSERT_EQ(dialed.error, 0);
    char byte = 0;
    EXPECT_LT(::recv(dialed.fd.get(), &byte, 1, 0), 0);
    EXPECT_EQ(errno, ECONNRESET);
  }
  EXPECT_FALSE(lab.internet().was_reached("10.1.2.3"));
  ::eventfd_write(end.get(), 1);
  relaying.join();
}

TEST(GateSetup, a_gate_has_no_rights_that_it_does_not_need) {
  Lab lab;
  lab.start(open_policy());
  const std::string status = content_of("/proc/" + std::to_string(lab.gate().pid()) + "/status");
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
#endif
}

}  // namespace
}  // namespace pyro::gate
