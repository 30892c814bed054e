#include "tests/service/net/capture.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace pyro::gate {
namespace {

std::string address_at(std::string_view packet, std::size_t offset, int family) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, packet.data() + offset, text.data(), text.size());
  return text.data();
}

/// Nothing for what neighbours say to find each other, and for what is no IP.
std::optional<std::string> kind_of(std::string_view packet) {
  constexpr int kFirstNeighbour = 130;
  constexpr int kLastNeighbour = 143;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(packet[at]); };
  if (packet.size() < 20) return std::nullopt;
  const bool v4 = byte(0) >> 4U == 4;
  const std::size_t head = v4 ? (byte(0) & 0xfU) * 4U : 40;
  if (packet.size() < head + 4) return std::nullopt;
  const int protocol = byte(v4 ? 9 : 6);
  const std::string to = v4 ? address_at(packet, 16, AF_INET) : address_at(packet, 24, AF_INET6);
  if (!v4 && protocol == IPPROTO_ICMPV6 && byte(head) >= kFirstNeighbour &&
      byte(head) <= kLastNeighbour) {
    return std::nullopt;
  }
  // Of multicast reports behind a hop-by-hop header, too.
  if (!v4 && protocol == IPPROTO_HOPOPTS && to.starts_with("ff02::")) return std::nullopt;
  const int port = byte(head + 2) * 256 + byte(head + 3);
  if (protocol == IPPROTO_TCP) return fmt::format("tcp {}:{}", to, port);
  if (protocol == IPPROTO_UDP) return fmt::format("udp {}:{}", to, port);
  return fmt::format("{} {}", protocol, to);
}

}  // namespace

Capture::Capture(const test::NetworkNamespace& where, const std::string& interface) {
  where.run([&] {
    socket_.reset(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    if (!socket_ || ::bind(socket_.get(), any, sizeof address) != 0) throw system_error("capture");
  });
  reader_ = std::jthread([this](const std::stop_token& stop) { read(stop); });
}

void Capture::read(const std::stop_token& stop) {
  constexpr int kWaitMs = 50;
  std::array<char, 65536> buffer{};
  while (!stop.stop_requested()) {
    pollfd wanted{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, kWaitMs) <= 0) continue;
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0 || from.sll_pkttype == PACKET_OUTGOING) continue;
    if (const auto kind = kind_of({buffer.data(), static_cast<std::size_t>(got)})) {
      const std::lock_guard lock(lock_);
      seen_.insert(*kind);
    }
  }
}

std::set<std::string> Capture::take() {
  const std::lock_guard lock(lock_);
  return std::exchange(seen_, {});
}

}  // namespace pyro::gate
