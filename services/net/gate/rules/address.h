#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pyro::gate {

/// An address of IPv4 or IPv6.
class Address {
 public:
  Address() = default;
  explicit Address(const in_addr& address);
  explicit Address(const in6_addr& address);
  /// nullopt: the text is none.
  static std::optional<Address> parse(std::string_view text);
  /// Of 4 or 16 bytes, as packets have them; nullopt of another length.
  static std::optional<Address> from_bytes(std::string_view bytes);

  bool is_v4() const { return v4_; }
  int family() const { return v4_ ? AF_INET : AF_INET6; }
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), v4_ ? 4U : 16U};
  }
  std::string text() const;

  /// Whether it is of the public internet: no private, local, shared, multicast or reserved range,
  /// and no range that leads to IPv4 by a translation. Ranges for documentation count as public:
  /// some networks use them.
  bool is_public() const;

  auto operator<=>(const Address&) const = default;

 private:
  bool v4_ = true;
  std::array<std::uint8_t, 16> bytes_{};
};

/// An address and a port.
struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  /// Of what the kernel filled in.
  static Endpoint of(const sockaddr_storage& socket);
  /// Returns the length of `socket` that is used.
  socklen_t put(sockaddr_storage& socket) const;
  auto operator<=>(const Endpoint&) const = default;
};

/// The local and the remote end of a socket; nullopt: it has none.
std::optional<Endpoint> local_end(int socket);
std::optional<Endpoint> remote_end(int socket);

}  // namespace pyro::gate

template <>
struct std::hash<pyro::gate::Address> {
  std::size_t operator()(const pyro::gate::Address& address) const noexcept {
    return std::hash<std::string_view>{}(address.bytes());
  }
};
template <>
struct std::hash<pyro::gate::Endpoint> {
  std::size_t operator()(const pyro::gate::Endpoint& end) const noexcept {
    return std::hash<pyro::gate::Address>{}(end.address) * 65599U + end.port;
  }
};
