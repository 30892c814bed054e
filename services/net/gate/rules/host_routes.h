#pragma once

#include "common/base/unique_fd.h"
#include "services/net/gate/rules/address.h"

namespace pyro::gate {

/// Where the host's kernel would send a packet.
enum class RouteKind {
  kAway,  ///< out of an interface, to one host
  kOwn,   ///< the host's own address, broadcast, multicast: not the guest's to reach
  kNone,  ///< there is no way; a connect(2) will say so
};

/// Asks the kernel, for each destination: addresses come and go with no word to us.
class HostRoutes {
 public:
  HostRoutes();
  RouteKind kind_of(const Address& destination);

 private:
  UniqueFd socket_;
};

/// Reads an answer of RTM_GETROUTE.
RouteKind route_kind_of(std::string_view answer);

}  // namespace pyro::gate
