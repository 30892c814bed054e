#include "services/net/gate/relay/packets.h"

#include <gtest/gtest.h>

namespace pyro::gate {
namespace {

std::uint16_t sum_of(std::string_view bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

const Endpoint kFar4{*Address::parse("203.0.113.1"), 53};
const Endpoint kGuest4{*Address::parse("10.0.2.15"), 4000};
const Endpoint kFar6{*Address::parse("2a00::1"), 53};
const Endpoint kGuest6{*Address::parse("fd00:2::15"), 4000};

TEST(GatePackets, a_datagram_has_the_lengths_and_ends_of_its_own) {
  const std::string four = udp_packet(kFar4, kGuest4, "hello");
  EXPECT_EQ(four.size(), 33U);
  EXPECT_EQ(four.substr(12, 8), std::string("\xCB\0\x71\x01\x0A\0\x02\x0F", 8));
  EXPECT_EQ(four.substr(20, 8), std::string("\0\x35\x0F\xA0\0\x0D\0\0", 8));
  EXPECT_EQ(udp_packet(kFar6, kGuest6, "hello").size(), 53U);
}

TEST(GatePackets, checksums_of_ipv6_and_of_errors_are_right) {
  const std::string six = udp_packet(kFar6, kGuest6, "hello");
  const std::string pseudo = six.substr(8, 32) + std::string("\0\0\0\x0D\0\0\0\x11", 8);
  EXPECT_EQ(sum_of(pseudo + six.substr(40)), 0xFFFF);
  const std::string error = unreachable_packet(Unreachable::kPort, kGuest4, kFar4, 5);
  EXPECT_EQ(sum_of(error.substr(20)), 0xFFFF);
  const std::string error6 = unreachable_packet(Unreachable::kProhibited, kGuest6, kFar6, 5);
  const auto length = static_cast<char>(error6.size() - 40);
  EXPECT_EQ(sum_of(error6.substr(8, 32) + std::string("\0\0\0", 3) + length +
                   std::string("\0\0\0\x3A", 4) + error6.substr(40)),
            0xFFFF);
}

}  // namespace
}  // namespace pyro::gate
