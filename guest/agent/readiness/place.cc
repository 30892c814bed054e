#include "guest/agent/readiness/place.h"

#include <charconv>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::agent {
namespace {

Error no_place(std::string_view text) {
  return invalid_argument("'{}' is no HOST:PORT with an address or localhost as HOST",
                          printable(text));
}

/// `[::1]` or `127.0.0.1`.
std::string_view without_brackets(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
  return host;
}

}  // namespace

Place Place::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) throw no_place(text);
  const std::string host(without_brackets(text.substr(0, colon)));
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc() || end != digits.data() + digits.size() || port == 0) {
    throw no_place(text);
  }
  const asio::ip::tcp::endpoint v4(asio::ip::address_v4::loopback(), port);
  const asio::ip::tcp::endpoint v6(asio::ip::address_v6::loopback(), port);
  Place place{.name = std::string(text), .endpoints = {}};
  if (host == "localhost") {
    place.endpoints = {v4, v6};
    return place;
  }
  asio::error_code invalid;
  const auto address = asio::ip::make_address(host, invalid);
  if (invalid) throw no_place(text);
  if (!address.is_unspecified()) {
    place.endpoints = {{address, port}};
  } else if (address.is_v4()) {
    place.endpoints = {v4};
  } else {
    place.endpoints = {v6, v4};
  }
  return place;
}

}  // namespace pyro::agent
