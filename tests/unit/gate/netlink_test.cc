#include "services/net/gate/setup/netlink.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/rtnetlink.h>

#include "services/net/gate/relay/syn_queue.h"
#include "services/net/gate/rules/host_routes.h"

namespace pyro::gate {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::string_literals;

std::string packet_message(const std::string& packet) {
  NetlinkBatch batch;
  batch
      .message(NFNL_SUBSYS_QUEUE << 8U | NFQNL_MSG_PACKET, 0,
               nfgenmsg{.nfgen_family = AF_INET, .version = 0, .res_id = 0})
      .attribute(NFQA_PACKET_HDR, big_endian32(77) + std::string("\x08\0\0", 3))
      .attribute(NFQA_PAYLOAD, packet);
  return batch.bytes();
}

const std::string kSyn4 = "\x45\0\0\x28\0\0\0\0\x40\x06\0\0"s + "\x0A\0\x02\x0F"s +
                          "\xCB\0\x71\x0A"s + "\x9C\x40\x01\xBB"s + std::string(16, '\0');

TEST(GateNetlink, attributes_are_found_also_after_and_inside_of_others) {
  NetlinkBatch batch;
  batch.message(1, 0, rtmsg{}).attribute(5, "abc").nested(6, [&] { batch.text(7, "inner"); });
  auto message = NetlinkMessages(batch.bytes()).next();
  ASSERT_TRUE(message);
  ASSERT_TRUE(take<rtmsg>(message->content));
  EXPECT_EQ(find_attribute(message->content, 5), "abc");
  EXPECT_EQ(find_attribute(*find_attribute(message->content, 6), 7), "inner\0"s);
  EXPECT_FALSE(find_attribute(message->content, 8));
}

TEST(GateNetlink, lengths_that_are_wrong_end_the_walk) {
  const std::string good = packet_message(kSyn4);
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_THAT(queued_syns(good.substr(0, cut)), IsEmpty());
  }
  std::string zero = good;
  zero[0] = zero[1] = 0;
  EXPECT_THAT(queued_syns(zero), IsEmpty());
  EXPECT_FALSE(find_attribute("\x03\0\x01\0"s, 1));
  EXPECT_FALSE(find_attribute("\xFF\0\x01\0x"s, 1));
}

TEST(GateSynQueue, a_syn_says_where_it_goes) {
  const auto syns = queued_syns(packet_message(kSyn4) + packet_message(kSyn4));
  ASSERT_THAT(syns, SizeIs(2));
  EXPECT_EQ(syns[0].id, 77U);
  ASSERT_TRUE(syns[0].key);
  EXPECT_EQ(syns[0].key->guest_port, 40000);
  EXPECT_EQ(syns[0].key->to.address.text(), "203.0.113.10");
  EXPECT_EQ(syns[0].key->to.port, 443);
}

TEST(GateSynQueue, a_packet_that_is_none_has_no_key_and_still_gets_an_answer) {
  std::string udp = kSyn4;
  udp[9] = 17;
  std::string short_header = kSyn4;
  short_header[0] = 0x44;
  std::string long_header = kSyn4;
  long_header[0] = 0x4F;
  for (const auto& packet :
       {""s, "\x45"s, kSyn4.substr(0, 22), udp, short_header, long_header, "\x60"s + kSyn4}) {
    const auto syns = queued_syns(packet_message(packet));
    ASSERT_THAT(syns, SizeIs(1));
    EXPECT_EQ(syns[0].id, 77U);
    EXPECT_FALSE(syns[0].key);
  }
}

std::string route_answer(unsigned char type) {
  rtmsg route{};
  route.rtm_type = type;
  NetlinkBatch batch;
  return batch.message(RTM_NEWROUTE, 0, route).bytes();
}

TEST(GateHostRoutes, only_a_route_to_one_host_leads_away) {
  EXPECT_EQ(route_kind_of(route_answer(RTN_UNICAST)), RouteKind::kAway);
  for (const unsigned char type : {RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST, RTN_ANYCAST,
                                   RTN_BLACKHOLE, RTN_PROHIBIT, RTN_UNSPEC}) {
    EXPECT_EQ(route_kind_of(route_answer(type)), RouteKind::kOwn);
  }
  NetlinkBatch error;
  error.message(NLMSG_ERROR, 0, nlmsgerr{.error = -ENETUNREACH, .msg = {}});
  EXPECT_EQ(route_kind_of(error.bytes()), RouteKind::kNone);
  const std::string good = route_answer(RTN_UNICAST);
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_EQ(route_kind_of(good.substr(0, cut)), RouteKind::kOwn);
  }
}

TEST(GateHostRoutes, the_hosts_own_addresses_are_its_own) {
  HostRoutes routes;
  EXPECT_EQ(routes.kind_of(*Address::parse("127.0.0.1")), RouteKind::kOwn);
  EXPECT_EQ(routes.kind_of(*Address::parse("255.255.255.255")), RouteKind::kOwn);
}

}  // namespace
}  // namespace pyro::gate
