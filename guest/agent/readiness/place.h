#pragma once

#include <asio/ip/tcp.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::agent {

/// `HOST:PORT` in the guest. HOST is an address or `localhost`, which is both of its loopback
/// addresses; that of all interfaces stands for the loopback one.
struct Place {
  std::string name;  ///< as given
  std::vector<asio::ip::tcp::endpoint> endpoints;

  /// kInvalidArgument: neither.
  static Place parse(std::string_view text);
};

}  // namespace pyro::agent
