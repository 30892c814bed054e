#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "services/net/gate/relay/packets.h"
#include "services/net/gate/setup/netlink.h"
#include "tests/service/net/lab.h"

namespace pyro::gate {
namespace {

using network::Verdict;
using ::testing::AnyOf;
using ::testing::IsEmpty;

class GateDestinations : public ::testing::Test {
 protected:
  /// What comes back of a datagram, or the error that it brought.
  struct Answered {
    std::string bytes;
    int error = 0;
  };
  Answered send_datagram(const std::string& address, std::uint16_t port, std::string_view bytes) {
    const Endpoint end{*Address::parse(address), port};
    const UniqueFd fd = lab.guest_socket(end.address.family(), SOCK_DGRAM);
    sockaddr_storage to{};
    const socklen_t size = end.put(to);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0 ||
        ::send(fd.get(), bytes.data(), bytes.size(), 0) < 0) {
      return {.bytes = {}, .error = errno};
    }
    std::string back(70000, '\0');
    const ssize_t got = ::recv(fd.get(), back.data(), back.size(), 0);
    if (got < 0) return {.bytes = {}, .error = errno};
    back.resize(static_cast<std::size_t>(got));
    return {.bytes = back};
  }
  Lab lab;
};

// 34, 36
TEST_F(GateDestinations, no_range_that_is_not_public_and_no_address_of_the_host_is_reached) {
  lab.start(open_policy());
  for (const char* address :
       {"10.1.2.3", "100.64.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",
        "192.88.99.1", "192.168.50.1", "192.168.1.1", "198.18.0.1", "198.19.255.1", "240.0.0.1",
        "198.51.100.1", "10.0.2.1"}) {
    EXPECT_THAT(lab.dial(address, 80).error, AnyOf(EHOSTUNREACH, ENETUNREACH, EINVAL)) << address;
    EXPECT_FALSE(lab.internet().was_reached(address)) << address;
  }
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "address_not_public"));
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "address_of_host"));
  // Ranges for documentation are reached.
  EXPECT_EQ(lab.talk("192.0.2.1", 22, "x"), "x");
}

// 35, 36
TEST_F(GateDestinations, of_ipv6_only_the_public_part_is_reached) {
  lab.start(open_policy());
  for (const char* address :
       {"fc00::1", "fd12::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001::1",
        "2001:0:1::1", "fec0::1", "100::1", "4000::1", "2a00:1::1"}) {
    EXPECT_NE(lab.dial(address, 80).error, 0) << address;
    EXPECT_FALSE(lab.internet().was_reached(address)) << address;
  }
  EXPECT_EQ(lab.talk("2a00:2::10", 22, "x"), "x");
}

// 37
TEST_F(GateDestinations, the_gates_own_ports_are_not_the_guests) {
  lab.start(open_policy());
  for (const std::uint16_t port : {std::uint16_t{4000}, std::uint16_t{4001}, std::uint16_t{22}}) {
    EXPECT_EQ(lab.dial("10.0.2.1", port).error, EHOSTUNREACH) << port;
    EXPECT_EQ(send_datagram("10.0.2.1", port, "x").error, EHOSTUNREACH) << port;
  }
  // The same numbers elsewhere are as any other.
  EXPECT_EQ(lab.talk("203.0.113.10", 4000, "x"), "x");
  EXPECT_EQ(send_datagram("203.0.113.10", 4001, "x").bytes, "x");
}

TEST_F(GateDestinations, connect_tells_what_the_gate_found) {
  lab.start(open_policy());
  EXPECT_EQ(lab.dial("203.0.113.10", 81).error, ECONNREFUSED);
  EXPECT_EQ(lab.dial("203.0.113.99", 80).error, EHOSTUNREACH);
  EXPECT_TRUE(lab.logged(Verdict::kFailed, "connection_refused"));
  EXPECT_TRUE(lab.logged(Verdict::kFailed, "unreachable"));
}

TEST_F(GateDestinations, datagrams_go_both_ways_up_to_the_longest_and_errors_come_back) {
  lab.start(open_policy());
  EXPECT_EQ(send_datagram("203.0.113.10", 123, "time?").bytes, "time?");
  EXPECT_EQ(send_datagram("2a00:2::10", 123, "time?").bytes, "time?");
  const std::string large(60000, 'l');
  EXPECT_EQ(send_datagram("203.0.113.10", 123, large).bytes, large);
  EXPECT_EQ(send_datagram("203.0.113.10", 124, "x").error, ECONNREFUSED);
  EXPECT_EQ(send_datagram("2a00:2::10", 124, "x").error, ECONNREFUSED);
  EXPECT_EQ(send_datagram("10.1.2.3", 123, "x").error, EHOSTUNREACH);
}

// 33
TEST_F(GateDestinations, under_a_list_no_datagram_leaves) {
  lab.start(listed_policy({"allowed.example", "allowed.example:123"}));
  lab.internet().set("allowed.example", {"203.0.113.10", "2a00:2::10"});
  ASSERT_EQ(lab.resolve("allowed.example").rcode, 0);
  ASSERT_EQ(lab.resolve("allowed.example", 28).rcode, 0);
  for (const std::uint16_t port : {std::uint16_t{443}, std::uint16_t{123}, std::uint16_t{5353}}) {
    EXPECT_EQ(send_datagram("203.0.113.10", port, "quic").error, EHOSTUNREACH) << port;
    EXPECT_NE(send_datagram("2a00:2::10", port, "quic").error, 0) << port;
  }
  EXPECT_THAT(lab.internet().connections(), IsEmpty());
}

// 43
TEST_F(GateDestinations, an_allowed_name_leads_to_no_port_of_the_host) {
  lab.start(listed_policy({"allowed.example"}));
  lab.internet().set("allowed.example", {"127.0.0.1"});
  EXPECT_EQ(lab.resolve("allowed.example").rcode, 5);
  lab.internet().set("allowed.example", {"198.51.100.1"});
  EXPECT_EQ(lab.resolve("allowed.example").rcode, 5);
  EXPECT_NE(lab.dial("127.0.0.1", 80).error, 0);
  EXPECT_EQ(lab.dial("198.51.100.1", 80).error, EHOSTUNREACH);
}

/// Sends a packet of the guest's making, in whose name it likes.
class GateRawPackets : public GateDestinations {
 protected:
  void send_raw(const std::string& packet) {
    const UniqueFd fd = lab.guest_socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    sockaddr_storage to{};
    const auto destination = *Address::from_bytes(std::string_view(packet).substr(16, 4));
    const socklen_t size = Endpoint{destination, 0}.put(to);
    constexpr int kYes = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_BROADCAST, &kYes, sizeof kYes);
    ::sendto(fd.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to),
             size);
  }
  static Endpoint end(const char* address, std::uint16_t port) {
    return {*Address::parse(address), port};
  }
};

// 38
TEST_F(GateRawPackets, what_is_not_plain_tcp_or_udp_of_the_guest_goes_nowhere) {
  lab.start(open_policy());
  const auto far = end("203.0.113.10", 123);
  send_raw(udp_packet(end("10.0.2.77", 1000), far, "spoofed"));
  send_raw(udp_packet(end("198.51.100.1", 1000), far, "spoofed"));
  // A header with options: a source route.
  std::string routed = udp_packet(end("10.0.2.15", 1000), far, "routed");
  routed[0] = 0x47;
  routed.insert(20, std::string("\x83\x07\x04\xCB\x00\x71\x0A\x00", 8));
  routed.replace(2, 2, big_endian16(static_cast<std::uint16_t>(routed.size())));
  send_raw(routed);
  // Options that do nothing, which the kernel would let through.
  std::string padded = udp_packet(end("10.0.2.15", 1000), far, "padded");
  padded[0] = 0x46;
  padded.insert(20, "\x01\x01\x01\x01");
  padded.replace(2, 2, big_endian16(static_cast<std::uint16_t>(padded.size())));
  send_raw(padded);
  for (const char protocol : std::string("\x2F\x84\x32\x04\x29\x02")) {
    std::string other = udp_packet(end("10.0.2.15", 1000), far, "other");
    other[9] = protocol;
    send_raw(other);
  }
  send_raw(udp_packet(end("10.0.2.15", 68), end("255.255.255.255", 67), "dhcp"));
  send_raw(udp_packet(end("10.0.2.15", 5353), end("224.0.0.251", 5353), "mdns"));
  // The gate is past all of them when this one is answered.
  EXPECT_EQ(send_datagram("203.0.113.10", 123, "after").bytes, "after");
  for (const auto& seen : lab.internet().connections()) EXPECT_EQ(seen.bytes, "after");
  lab.guest().ip("addr add 10.0.2.99/24 dev eth0");
  EXPECT_EQ(lab.log().size(), 1U);
}

// 39
TEST_F(GateRawPackets, a_flood_of_syns_leaves_the_gate_well) {
  lab.start(open_policy());
  for (int i = 0; i < 4000; ++i) {
    // To an address that refuses, one that is unreachable and one that is denied.
    const char* address = i % 3 == 0 ? "203.0.113.10" : i % 3 == 1 ? "203.0.113.99" : "10.1.2.3";
    std::string packet = udp_packet(end("10.0.2.15", static_cast<std::uint16_t>(2000 + i)),
                                    end(address, 81), std::string(12, '\0'));
    packet[9] = IPPROTO_TCP;
    packet.replace(20, 20,
                   big_endian16(static_cast<std::uint16_t>(2000 + i)) + big_endian16(81) +
                       big_endian32(1) + big_endian32(0) +
                       std::string("\x50\x02\xFF\xFF\0\0\0\0", 8));
    send_raw(packet);
  }
  EXPECT_EQ(lab.talk("203.0.113.10", 22, "x"), "x");
}

}  // namespace
}  // namespace pyro::gate
