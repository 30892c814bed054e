#include "services/net/gate/rules/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/net/gate/rules/denial.h"
#include "tests/support/errors.h"

namespace pyro::gate {
namespace {

using network::Protocol;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

network::Policy listed(std::vector<std::string> allow) {
  return {.kind = api::NetworkPolicy::kEgress, .allow = std::move(allow)};
}
Endpoint end(const char* address, std::uint16_t port) { return {*Address::parse(address), port}; }

TEST(GatePins, the_last_learnt_name_comes_first_and_the_oldest_address_makes_room) {
  Pins pins(2);
  const auto one = *Address::parse("203.0.113.1");
  const auto two = *Address::parse("203.0.113.2");
  pins.add(one, "a.example");
  pins.add(one, "b.example");
  pins.add(two, "c.example");
  pins.add(one, "a.example");
  EXPECT_THAT(pins.names_of(one), ElementsAre("a.example", "b.example"));
  pins.add(*Address::parse("203.0.113.3"), "d.example");
  EXPECT_THAT(pins.names_of(two), IsEmpty());
  EXPECT_FALSE(pins.knows("c.example"));
  EXPECT_TRUE(pins.has(one, "b.example"));
  for (int i = 0; i < 100; ++i) pins.add(one, "n" + std::to_string(i) + ".example");
  EXPECT_EQ(pins.names_of(one).size(), Pins::kMostNames);
  EXPECT_FALSE(pins.knows("a.example"));
}

TEST(GateRules, before_the_first_policy_nothing_is_allowed) {
  Rules rules;
  EXPECT_EQ(rules.decide(Protocol::kTcp, end("203.0.113.1", 443)).denied, denial::kPolicyOff);
  EXPECT_FALSE(rules.allows_question("a.example"));
}

TEST(GateRules, the_package_cache_is_at_the_gateway_for_the_sites_of_the_policy_alone) {
  const Endpoint npm = end("10.0.2.1", 4861);
  const Endpoint pypi = end("10.0.2.1", 4862);
  Rules rules;
  EXPECT_EQ(rules.packages_at(npm), nullptr);
  rules.set({.kind = api::NetworkPolicy::kEgress, .packages = {"npm"}}, "1");
  const Decision decision = rules.decide(Protocol::kTcp, npm);
  EXPECT_TRUE(decision.allowed());
  EXPECT_EQ(decision.proof, Proof::kPackages);
  EXPECT_EQ(decision.name, "npm");
  EXPECT_EQ(rules.decide(Protocol::kTcp, pypi).denied, denial::kNotPublic);
  EXPECT_EQ(rules.decide(Protocol::kUdp, npm).denied, denial::kNotPublic);
  EXPECT_EQ(rules.decide(Protocol::kTcp, end("10.0.2.2", 4861)).denied, denial::kNotPublic);
  rules.set({.kind = api::NetworkPolicy::kOff, .packages = {"npm"}}, "2");
  EXPECT_EQ(rules.decide(Protocol::kTcp, npm).denied, denial::kPolicyOff);
}

TEST(GateRules, cache_only_reaches_the_cache_and_no_address_and_asks_for_no_name) {
  Rules rules;
  rules.pins().add(*Address::parse("203.0.113.1"), "registry.npmjs.org");
  rules.set({.kind = api::NetworkPolicy::kCacheOnly,
             .allow = {"registry.npmjs.org"},
             .packages = {"npm"}},
            "digest");
  EXPECT_TRUE(rules.decide(Protocol::kTcp, end("10.0.2.1", 4861)).allowed());
  EXPECT_EQ(rules.decide(Protocol::kTcp, end("203.0.113.1", 443)).denied, denial::kCacheOnly);
  EXPECT_EQ(rules.decide(Protocol::kUdp, end("203.0.113.1", 53)).denied, denial::kCacheOnly);
  EXPECT_FALSE(rules.allows_question("registry.npmjs.org"));
  EXPECT_FALSE(rules.allows("registry.npmjs.org", 443));
}

TEST(GateRules, under_a_list_a_destination_needs_a_learnt_name_and_its_port) {
  Rules rules;
  rules.set(listed({"a.example", "b.example:22"}), "digest");
  EXPECT_EQ(rules.digest(), "digest");
  const auto denied = [&](const char* address, std::uint16_t port) {
    return rules.decide(Protocol::kTcp, end(address, port)).denied;
  };
  EXPECT_EQ(denied("203.0.113.1", 443), denial::kAddressUnknown);
  rules.pins().add(*Address::parse("203.0.113.1"), "a.example");
  rules.pins().add(*Address::parse("203.0.113.2"), "b.example");
  rules.pins().add(*Address::parse("203.0.113.3"), "c.example");
  EXPECT_EQ(denied("203.0.113.1", 443), "");
  EXPECT_EQ(denied("203.0.113.1", 22), denial::kPortNotAllowed);
  EXPECT_EQ(denied("203.0.113.2", 22), "");
  EXPECT_EQ(denied("203.0.113.2", 443), denial::kPortNotAllowed);
  EXPECT_EQ(denied("203.0.113.3", 443), denial::kNameNotAllowed);
  EXPECT_EQ(rules.decide(Protocol::kUdp, end("203.0.113.1", 443)).denied, denial::kUdpNotAllowed);
  EXPECT_EQ(rules.decide(Protocol::kTcp, end("203.0.113.1", 443)).proof, Proof::kServerName);
  EXPECT_EQ(rules.decide(Protocol::kTcp, end("203.0.113.1", 80)).proof, Proof::kHosts);
  EXPECT_EQ(rules.decide(Protocol::kTcp, end("203.0.113.2", 22)).proof, Proof::kNone);
}

TEST(GateRules, a_refused_policy_leaves_the_one_before) {
  Rules rules;
  rules.set(listed({"a.example"}), "one");
  EXPECT_THAT(error_of([&] {
                rules.set(listed({"b.example", "*"}), "two");
              }),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_EQ(rules.digest(), "one");
  EXPECT_TRUE(rules.allows_question("a.example"));
  EXPECT_FALSE(rules.allows_question("b.example"));
}

TEST(GateRules, the_part_of_a_name_that_the_guest_chooses) {
  Rules rules;
  rules.set(listed({"*.w.example", "*.deep.w.example", "exact.w.example"}), "");
  EXPECT_EQ(rules.chosen_bytes("exact.w.example"), 0U);
  EXPECT_EQ(rules.chosen_bytes("abc.w.example"), 4U);
  EXPECT_EQ(rules.chosen_bytes("abc.deep.w.example"), 4U);
  rules.set(listed({}), "");
  EXPECT_EQ(rules.chosen_bytes("abc.w.example"), 0U);
}

}  // namespace
}  // namespace pyro::gate
