#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/api/json_codec.h"
#include "tests/service/net/lab.h"

namespace pyro::gate {
namespace {

using network::Policy;
using ::testing::ElementsAre;

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

}  // namespace
}  // namespace pyro::gate
