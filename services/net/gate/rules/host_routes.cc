#include "services/net/gate/rules/host_routes.h"

#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>

#include "common/base/error.h"
#include "services/net/gate/setup/netlink.h"

namespace pyro::gate {

HostRoutes::HostRoutes()
    : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
  if (!socket_) throw system_error("socket of routes");
}

RouteKind HostRoutes::kind_of(const Address& destination) {
  rtmsg question{};
  question.rtm_family = static_cast<unsigned char>(destination.family());
  question.rtm_dst_len = destination.is_v4() ? 32 : 128;
  NetlinkBatch batch;
  batch.message(RTM_GETROUTE, 0, question).attribute(RTA_DST, destination.bytes());
  if (::send(socket_.get(), batch.bytes().data(), batch.bytes().size(), 0) < 0) {
    return RouteKind::kOwn;
  }
  // The kernel has answered when send returns.
  std::array<char, 8192> answer;
  const ssize_t got = ::recv(socket_.get(), answer.data(), answer.size(), 0);
  if (got <= 0) return RouteKind::kOwn;
  return route_kind_of({answer.data(), static_cast<std::size_t>(got)});
}

/// What is not understood counts as the host's own.
RouteKind route_kind_of(std::string_view answer) {
  auto message = NetlinkMessages(answer).next();
  if (!message) return RouteKind::kOwn;
  if (message->header.nlmsg_type == NLMSG_ERROR) {
    const auto error = take<nlmsgerr>(message->content);
    if (!error || error->error == 0) return RouteKind::kOwn;
    return RouteKind::kNone;
  }
  if (message->header.nlmsg_type != RTM_NEWROUTE) return RouteKind::kOwn;
  const auto route = take<rtmsg>(message->content);
  if (!route || route->rtm_type != RTN_UNICAST) return RouteKind::kOwn;
  return RouteKind::kAway;
}

}  // namespace pyro::gate
