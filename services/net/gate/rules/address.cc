#include "services/net/gate/rules/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace pyro::gate {
namespace {

struct Range {
  std::array<std::uint8_t, 16> start;
  unsigned bits;
};

constexpr std::array<Range, 12> kNotPublic4{{
    {{0}, 8},
    {{10}, 8},
    {{100, 64}, 10},
    {{127}, 8},
    {{169, 254}, 16},
    {{172, 16}, 12},
    {{192, 0, 0}, 24},
    {{192, 88, 99}, 24},
    {{192, 168}, 16},
    {{198, 18}, 15},
    {{224}, 4},
    {{240}, 4},
}};
constexpr Range kGlobal6{{0x20}, 3};
constexpr std::array<Range, 2> kTranslated6{{
    {{0x20, 0x01, 0, 0}, 32},  // Teredo
    {{0x20, 0x02}, 16},        // 6to4
}};

bool is_in(const std::array<std::uint8_t, 16>& address, const Range& range) {
  unsigned left = range.bits;
  for (std::size_t i = 0; left > 0; ++i) {
    const unsigned bits = std::min(left, 8U);
    const auto mask = static_cast<std::uint8_t>(0xFFU << (8U - bits));
    if ((address[i] & mask) != (range.start[i] & mask)) return false;
    left -= bits;
  }
  return true;
}

}  // namespace

Address::Address(const in_addr& address) { std::memcpy(bytes_.data(), &address, 4); }

Address::Address(const in6_addr& address) : v4_(false) { std::memcpy(bytes_.data(), &address, 16); }

std::optional<Address> Address::parse(std::string_view text) {
  const std::string terminated(text);
  in_addr four{};
  if (::inet_pton(AF_INET, terminated.c_str(), &four) == 1) return Address(four);
  in6_addr six{};
  if (::inet_pton(AF_INET6, terminated.c_str(), &six) == 1) return Address(six);
  return std::nullopt;
}

std::optional<Address> Address::from_bytes(std::string_view bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  Address address;
  address.v4_ = bytes.size() == 4;
  std::memcpy(address.bytes_.data(), bytes.data(), bytes.size());
  return address;
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family(), bytes_.data(), text.data(), text.size());
  return text.data();
}

bool Address::is_public() const {
  const auto holds = [this](const Range& range) { return is_in(bytes_, range); };
  if (v4_) {
    return std::none_of(kNotPublic4.begin(), kNotPublic4.end(),
                        [&](const Range& range) { return holds(range); });
  }
  return holds(kGlobal6) && std::none_of(kTranslated6.begin(), kTranslated6.end(), holds);
}

Endpoint Endpoint::of(const sockaddr_storage& socket) {
  if (socket.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &socket, sizeof four);
    return {Address(four.sin_addr), ntohs(four.sin_port)};
  }
  sockaddr_in6 six{};
  std::memcpy(&six, &socket, sizeof six);
  return {Address(six.sin6_addr), ntohs(six.sin6_port)};
}

socklen_t Endpoint::put(sockaddr_storage& socket) const {
  socket = {};
  if (address.is_v4()) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&four.sin_addr, address.bytes().data(), 4);
    std::memcpy(&socket, &four, sizeof four);
    return sizeof four;
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  std::memcpy(&six.sin6_addr, address.bytes().data(), 16);
  std::memcpy(&socket, &six, sizeof six);
  return sizeof six;
}

namespace {

using NameOf = int (*)(int, sockaddr*, socklen_t*);

std::optional<Endpoint> end_of(int socket, NameOf name) {
  sockaddr_storage end{};
  socklen_t size = sizeof end;
  if (name(socket, reinterpret_cast<sockaddr*>(&end), &size) != 0) return std::nullopt;
  return Endpoint::of(end);
}

}  // namespace

std::optional<Endpoint> local_end(int socket) {
  return end_of(socket, [](int s, sockaddr* a, socklen_t* n) { return ::getsockname(s, a, n); });
}

std::optional<Endpoint> remote_end(int socket) {
  return end_of(socket, [](int s, sockaddr* a, socklen_t* n) { return ::getpeername(s, a, n); });
}

}  // namespace pyro::gate
