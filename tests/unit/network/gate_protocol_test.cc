#include "common/network/gate_protocol.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/support/errors.h"

namespace pyro::network {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

class GateProtocol : public ::testing::Test {
 protected:
  GateProtocol() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    shim.reset(ends[0]);
    gate.reset(ends[1]);
  }
  UniqueFd shim;
  UniqueFd gate;
};

TEST_F(GateProtocol, an_order_arrives_as_it_was_sent) {
  const GateOrder order{{.kind = api::NetworkPolicy::kEgress, .allow = {"a.com"}, .learn = true}};
  ASSERT_TRUE(send_order(shim.get(), order));
  const auto received = receive_order(gate.get());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->order.policy, order.policy);
}

TEST_F(GateProtocol, a_policy_of_the_most_entries_fits_a_packet) {
  GateOrder order{{.kind = api::NetworkPolicy::kEgress}};
  for (std::size_t i = 0; i < kMostAllowEntries; ++i) {
    order.policy.allow.push_back(std::string(kMostNameBytes, 'a'));
  }
  const int bytes = 1 << 20;
  ::setsockopt(shim.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  ASSERT_TRUE(send_order(shim.get(), order));
  EXPECT_EQ(receive_order(gate.get())->order.policy.allow.size(), kMostAllowEntries);
}

TEST_F(GateProtocol, the_tap_comes_with_the_report) {
  const UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(send_report(gate.get(), {.event = GateEvent::kReady, .digest = "d"}, file.get()));
  const auto received = receive_report(shim.get());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->report.event, GateEvent::kReady);
  EXPECT_EQ(received->report.digest, "d");
  struct stat sent {};
  struct stat got {};
  ASSERT_EQ(::fstat(file.get(), &sent), 0);
  ASSERT_EQ(::fstat(received->descriptor.get(), &got), 0);
  EXPECT_EQ(sent.st_rdev, got.st_rdev);
  EXPECT_NE(::fcntl(received->descriptor.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(GateProtocol, the_end_of_the_other_side_differs_from_no_packet_yet) {
  ASSERT_EQ(::fcntl(gate.get(), F_SETFL, O_NONBLOCK), 0);
  EXPECT_FALSE(receive_order(gate.get()));
  EXPECT_TRUE(no_packet_yet());
  shim.reset();
  EXPECT_FALSE(receive_order(gate.get()));
  EXPECT_FALSE(no_packet_yet());
  EXPECT_FALSE(send_report(gate.get(), {}));
}

TEST_F(GateProtocol, a_packet_that_is_no_message_is_refused) {
  ASSERT_EQ(::send(shim.get(), "x", 1, 0), 1);
  EXPECT_THAT(error_of([&] { receive_order(gate.get()); }), Refused(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace pyro::network
