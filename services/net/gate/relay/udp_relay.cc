#include "services/net/gate/relay/udp_relay.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "services/net/gate/rules/denial.h"

namespace pyro::gate {
namespace {

constexpr auto kMostRest = std::chrono::seconds(60);
constexpr auto kExpiryEvery = std::chrono::seconds(10);
constexpr int kDatagramsAtOnce = 64;

struct Datagram {
  ConnectionKey key;
  std::string_view bytes;
};

/// The next one, and where the guest sent it. nullopt: there is none.
std::optional<Datagram> receive_datagram(int socket, std::vector<char>& buffer) {
  sockaddr_storage from{};
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  alignas(cmsghdr) std::array<char, 128> control{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, 0);
  if (got < 0) return std::nullopt;
  Datagram datagram{.key = {.guest_port = Endpoint::of(from).port, .to = {}},
                    .bytes = {buffer.data(), static_cast<std::size_t>(got)}};
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    const bool v4 = c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVORIGDSTADDR;
    const bool v6 = c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVORIGDSTADDR;
    if (!v4 && !v6) continue;
    sockaddr_storage to{};
    std::memcpy(&to, CMSG_DATA(c), v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    datagram.key.to = Endpoint::of(to);
  }
  return datagram;
}

Endpoint guest_end(bool v4, std::uint16_t port) {
  using network::GuestNetwork;
  return {*Address::parse(v4 ? GuestNetwork::kAddress : GuestNetwork::kAddress6), port};
}

}  // namespace

UdpRelay::UdpRelay(Loop& loop, Rules& rules, Journal& journal, const MachineNetwork& network,
                   std::size_t most_flows)
    : loop_(loop), rules_(rules), journal_(journal), network_(network), most_flows_(most_flows) {
  v4_ = Loop::Watch(loop_, network_.v4.udp.get(), EPOLLIN,
                    [this](std::uint32_t) { take_datagrams(network_.v4.udp.get()); });
  if (!network_.v6) return;
  v6_ = Loop::Watch(loop_, network_.v6->udp.get(), EPOLLIN,
                    [this](std::uint32_t) { take_datagrams(network_.v6->udp.get()); });
}

UdpRelay::~UdpRelay() = default;

void UdpRelay::take_datagrams(int socket) {
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    const auto datagram = receive_datagram(socket, loop_.buffer());
    if (!datagram) return;
    take(datagram->key, datagram->bytes);
  }
}

void UdpRelay::take(const ConnectionKey& key, std::string_view datagram) {
  Flow* flow = flow_for(key, datagram.size());
  if (flow == nullptr) return;
  flow->used = Clock::now();
  const ssize_t sent = ::send(flow->remote.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    flow->passed.up += datagram.size();
  } else if (errno == ECONNREFUSED) {
    say_unreachable(key, Unreachable::kPort, datagram.size());
  }
}

/// The flow, new if need be; null: it is refused, and the guest was told.
UdpRelay::Flow* UdpRelay::flow_for(const ConnectionKey& key, std::size_t bytes) {
  if (const auto found = flows_.find(key); found != flows_.end()) return found->second.get();
  const Decision decision = rules_.decide(network::Protocol::kUdp, key.to);
  auto flow = std::make_unique<Flow>();
  flow->subject = {.protocol = network::Protocol::kUdp,
                   .name = decision.name,
                   .to = key.to,
                   .guest_port = key.guest_port};
  flow->since = Clock::now();
  if (!decision.allowed() || flows_.size() >= most_flows_) {
    journal_.denied(flow->subject, decision.allowed() ? denial::kTooMany : decision.denied);
    say_unreachable(key, Unreachable::kProhibited, bytes);
    return nullptr;
  }
  flow->remote.reset(
      ::socket(key.to.address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  const socklen_t size = key.to.put(address);
  if (!flow->remote ||
      ::connect(flow->remote.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    journal_.failed(flow->subject, denial::kUnreachable, flow->since);
    say_unreachable(key, Unreachable::kProhibited, bytes);
    return nullptr;
  }
  const auto here = local_end(flow->remote.get());
  if (!here || here->address == key.to.address) {
    journal_.denied(flow->subject, denial::kOwnAddress);
    say_unreachable(key, Unreachable::kProhibited, bytes);
    return nullptr;
  }
  Flow& made = *flow;
  flow->watch = Loop::Watch(loop_, flow->remote.get(), EPOLLIN,
                            [this, &made](std::uint32_t) { take_answers(made); });
  flow->number = journal_.opened(flow->subject, flow->since);
  if (rules_.learns()) journal_.learn(flow->subject.name, key.to.port);
  flows_[key] = std::move(flow);
  if (!expiry_.is_set()) {
    expiry_ = Loop::Timer(loop_, Clock::now() + kExpiryEvery, [this] { expire(); });
  }
  return &made;
}

void UdpRelay::take_answers(Flow& flow) {
  const bool v4 = flow.subject.to.address.is_v4();
  auto& buffer = loop_.buffer();
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    const ssize_t got = ::recv(flow.remote.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == ECONNREFUSED) {
      say_unreachable({flow.subject.guest_port, flow.subject.to}, Unreachable::kPort, 0);
      continue;
    }
    if (got < 0) return;
    const auto bytes = static_cast<std::size_t>(got);
    if (bytes > most_datagram_bytes(v4)) continue;
    flow.used = Clock::now();
    flow.passed.down += bytes;
    send_to_guest(v4, udp_packet(flow.subject.to, guest_end(v4, flow.subject.guest_port),
                                 {buffer.data(), bytes}));
  }
}

void UdpRelay::send_to_guest(bool v4, const std::string& packet) {
  const auto& sockets = v4 ? network_.v4 : *network_.v6;
  sockaddr_storage address{};
  const socklen_t size = guest_end(v4, 0).put(address);
  // A full queue loses it, as networks do.
  ::sendto(sockets.raw.get(), packet.data(), packet.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), size);
}

void UdpRelay::say_unreachable(const ConnectionKey& key, Unreachable why, std::size_t bytes) {
  const bool v4 = key.to.address.is_v4();
  send_to_guest(v4, unreachable_packet(why, guest_end(v4, key.guest_port), key.to, bytes));
}

void UdpRelay::end(const ConnectionKey& key, std::string_view reason) {
  const auto found = flows_.find(key);
  Flow& flow = *found->second;
  journal_.closed(flow.subject, flow.number, flow.passed, flow.since, reason);
  loop_.bury(std::move(found->second));
  flows_.erase(found);
}

void UdpRelay::expire() {
  const auto limit = Clock::now() - kMostRest;
  std::vector<ConnectionKey> rested;
  for (const auto& [key, flow] : flows_) {
    if (flow->used < limit) rested.push_back(key);
  }
  for (const auto& key : rested) end(key, {});
  if (!flows_.empty()) {
    expiry_ = Loop::Timer(loop_, Clock::now() + kExpiryEvery, [this] { expire(); });
  }
}

void UdpRelay::recheck() {
  std::vector<ConnectionKey> gone;
  for (const auto& [key, flow] : flows_) {
    if (!rules_.decide(network::Protocol::kUdp, key.to).allowed()) gone.push_back(key);
  }
  for (const auto& key : gone) end(key, denial::kPolicyChanged);
}

}  // namespace pyro::gate
