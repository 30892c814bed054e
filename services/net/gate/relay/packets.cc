#include "services/net/gate/relay/packets.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "common/network/gate_protocol.h"
#include "services/net/gate/setup/netlink.h"

namespace pyro::gate {
namespace {

constexpr std::size_t kHeader4 = 20;
constexpr std::size_t kHeader6 = 40;
constexpr std::size_t kUdpHeader = 8;
constexpr std::uint8_t kHops = 64;

/// The Internet checksum of bytes that begin at an even place.
std::uint16_t checksum(std::string_view bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(byte) << 8U : byte;
  }
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

std::string ip_header(const Address& from, const Address& to, std::uint8_t protocol,
                      std::size_t payload) {
  std::string header;
  if (from.is_v4()) {
    header = {0x45, 0};
    header += big_endian16(static_cast<std::uint16_t>(kHeader4 + payload));
    header += std::string(4, '\0');  // identification and offset: the kernel numbers it
    header += static_cast<char>(kHops);
    header += static_cast<char>(protocol);
    header += std::string(2, '\0');  // checksum: the kernel's
  } else {
    header = {0x60, 0, 0, 0};
    header += big_endian16(static_cast<std::uint16_t>(payload));
    header += static_cast<char>(protocol);
    header += static_cast<char>(kHops);
  }
  header += from.bytes();
  header += to.bytes();
  return header;
}

/// What a checksum of IPv6 covers beside the payload.
std::string pseudo_header(const Address& from, const Address& to, std::uint8_t protocol,
                          std::size_t payload) {
  std::string header(from.bytes());
  header += to.bytes();
  header += big_endian32(static_cast<std::uint32_t>(payload));
  header += std::string(3, '\0');
  header += static_cast<char>(protocol);
  return header;
}

void put_checksum(std::string& packet, std::size_t at, std::uint16_t sum) {
  packet.replace(at, 2, big_endian16(sum));
}

std::string udp_header(std::uint16_t from, std::uint16_t to, std::size_t payload) {
  return big_endian16(from) + big_endian16(to) +
         big_endian16(static_cast<std::uint16_t>(kUdpHeader + payload)) + std::string(2, '\0');
}

}  // namespace

std::string udp_packet(const Endpoint& from, const Endpoint& to, std::string_view payload) {
  std::string datagram = udp_header(from.port, to.port, payload.size());
  datagram += payload;
  // IPv4 needs none.
  if (!from.address.is_v4()) {
    const auto sum =
        checksum(pseudo_header(from.address, to.address, IPPROTO_UDP, datagram.size()) + datagram);
    put_checksum(datagram, 6, sum == 0 ? 0xFFFF : sum);
  }
  return ip_header(from.address, to.address, IPPROTO_UDP, datagram.size()) + datagram;
}

std::string unreachable_packet(Unreachable why, const Endpoint& from, const Endpoint& to,
                               std::size_t bytes) {
  const bool v4 = from.address.is_v4();
  std::string message(8, '\0');
  if (v4) {
    message[0] = ICMP_DEST_UNREACH;
    message[1] = why == Unreachable::kPort ? ICMP_PORT_UNREACH : ICMP_PKT_FILTERED;
  } else {
    message[0] = ICMP6_DST_UNREACH;
    message[1] = why == Unreachable::kPort ? ICMP6_DST_UNREACH_NOPORT : ICMP6_DST_UNREACH_ADMIN;
  }
  message += ip_header(from.address, to.address, IPPROTO_UDP, kUdpHeader + bytes);
  message += udp_header(from.port, to.port, bytes);
  const auto protocol = static_cast<std::uint8_t>(v4 ? +IPPROTO_ICMP : +IPPROTO_ICMPV6);
  const std::string covered =
      v4 ? message : pseudo_header(to.address, from.address, protocol, message.size()) + message;
  put_checksum(message, 2, checksum(covered));
  return ip_header(to.address, from.address, protocol, message.size()) + message;
}

std::size_t most_datagram_bytes(bool v4) {
  return network::GuestNetwork::kMtu - (v4 ? kHeader4 : kHeader6) - kUdpHeader;
}

}  // namespace pyro::gate
