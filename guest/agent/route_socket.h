#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"

namespace pyro::agent {

/// A request to the kernel's routing tables (NETLINK_ROUTE): a header, then attributes.
class RouteRequest {
 public:
  /// `Header` as ifinfomsg, ifaddrmsg or rtmsg.
  template <class Header>
  RouteRequest(std::uint16_t type, std::uint16_t flags, const Header& header)
      : RouteRequest(type, flags, &header, sizeof header) {}

  void add(std::uint16_t attribute, const void* value, std::size_t bytes);

  nlmsghdr* message() { return reinterpret_cast<nlmsghdr*>(bytes_.data()); }

 private:
  RouteRequest(std::uint16_t type, std::uint16_t flags, const void* header, std::size_t bytes);
  void append(const void* data, std::size_t bytes);

  std::vector<char> bytes_;
};

/// Asks the kernel, and waits for its answer.
class RouteSocket {
 public:
  RouteSocket();

  /// Throws its refusal; `tolerated` is an errno that is none.
  void execute(RouteRequest request, int tolerated = 0) const;

  /// The answers to a dump, as they come.
  std::vector<char> dump(RouteRequest request) const;

 private:
  UniqueFd socket_;
};

}  // namespace pyro::agent
