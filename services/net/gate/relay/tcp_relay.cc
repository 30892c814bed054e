#include "services/net/gate/relay/tcp_relay.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "services/net/gate/rules/denial.h"

namespace pyro::gate {
namespace {

/// That wait for their far side, or for the guest.
constexpr std::size_t kMostAttempts = 256;
/// Of one guest to the package cache, which all guests share.
constexpr std::size_t kMostToCache = 64;
/// The guest answers our SYN-ACK within a round trip; a lost one comes again.
constexpr auto kMostTaking = std::chrono::seconds(30);
/// The kernel gives up before.
constexpr auto kMostConnecting = std::chrono::seconds(180);

void reset(UniqueFd socket) {
  if (!socket) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool is_dns(const Endpoint& to) {
  static const Endpoint kDns{*Address::parse(network::GuestNetwork::kGateway), 53};
  return to == kDns;
}

}  // namespace

TcpRelay::TcpRelay(Loop& loop, Rules& rules, Journal& journal, const MachineNetwork& network,
                   CacheDialer& cache, std::size_t most_connections, TakeDns take_dns)
    : loop_(loop),
      rules_(rules),
      journal_(journal),
      network_(network),
      cache_(cache),
      most_connections_(most_connections),
      take_dns_(std::move(take_dns)) {
  if (network_.hold != SynHold::kNone) {
    watches_.emplace_back(loop_, network_.syn_queue.get(), EPOLLIN,
                          [this](std::uint32_t) { take_syns(); });
  }
  const auto listen = [this](int socket) {
    watches_.emplace_back(loop_, socket, EPOLLIN,
                          [this, socket](std::uint32_t) { take_connections(socket); });
  };
  listen(network_.v4.tcp.get());
  if (network_.v6) listen(network_.v6->tcp.get());
}

TcpRelay::~TcpRelay() = default;

void TcpRelay::take_syns() {
  constexpr int kAtOnce = 32;
  const int queue = network_.syn_queue.get();
  for (int i = 0; i < kAtOnce; ++i) {
    auto& buffer = loop_.buffer();
    const ssize_t got = ::recv(queue, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    for (const auto& syn : queued_syns({buffer.data(), static_cast<std::size_t>(got)})) {
      if (!syn.key || attempts_.contains(*syn.key)) {
        answer_syn(queue, syn.id, SynAnswer::kDrop);  // it comes again
      } else if (is_dns(syn.key->to)) {
        answer_syn(queue, syn.id, SynAnswer::kGo);
      } else {
        begin(*syn.key, syn.id, {});
      }
    }
  }
}

void TcpRelay::take_connections(int listener) {
  constexpr int kAtOnce = 32;
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    UniqueFd guest(::accept4(listener, reinterpret_cast<sockaddr*>(&from), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!guest) return;
    // A transparent socket has the address that the guest asked for.
    const auto to = local_end(guest.get());
    if (!to) continue;
    if (is_dns(*to)) {
      take_dns_(std::move(guest));
      continue;
    }
    const ConnectionKey key{.guest_port = Endpoint::of(from).port, .to = *to};
    if (network_.hold == SynHold::kNone) {
      begin(key, std::nullopt, std::move(guest));
      continue;
    }
    const auto found = attempts_.find(key);
    if (found == attempts_.end() || !found->second->connected) {
      reset(std::move(guest));
      continue;
    }
    UniqueFd remote = std::move(found->second->remote);
    const auto since = found->second->since;
    attempts_.erase(found);
    open(key, std::move(guest), std::move(remote), since);
  }
}

void TcpRelay::begin(const ConnectionKey& key, std::optional<std::uint32_t> syn, UniqueFd guest) {
  auto made = std::make_unique<Attempt>();
  Attempt& attempt = *made;
  attempt.key = key;
  attempt.since = Clock::now();
  attempt.syn = syn;
  attempt.guest = std::move(guest);
  attempts_[key] = std::move(made);
  const Decision decision = rules_.decide(network::Protocol::kTcp, key.to);
  attempt.subject = {.protocol = network::Protocol::kTcp,
                     .name = decision.name,
                     .to = key.to,
                     .guest_port = key.guest_port};
  if (!decision.allowed()) {
    journal_.denied(attempt.subject, decision.denied);
    return refuse(attempt, SynAnswer::kProhibited);
  }
  if (attempts_.size() > kMostAttempts ||
      attempts_.size() + connections_.size() > most_connections_) {
    journal_.denied(attempt.subject, denial::kTooMany);
    return refuse(attempt, SynAnswer::kReset);
  }
  if (decision.proof == Proof::kPackages) return begin_to_cache(attempt);
  attempt.remote.reset(
      ::socket(key.to.address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!attempt.remote) return fail(attempt, errno);
  sockaddr_storage address{};
  const socklen_t size = key.to.put(address);
  if (::connect(attempt.remote.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 &&
      errno != EINPROGRESS) {
    return fail(attempt, errno);
  }
  attempt.watch = Loop::Watch(loop_, attempt.remote.get(), EPOLLOUT,
                              [this, &attempt](std::uint32_t) { on_connected(attempt); });
  attempt.timer = Loop::Timer(loop_, Clock::now() + kMostConnecting,
                              [this, &attempt] { fail(attempt, ETIMEDOUT); });
}

/// The shim makes the connection.
void TcpRelay::begin_to_cache(Attempt& attempt) {
  const auto is_to_cache = [](const auto& one) { return one->goes_to_cache(); };
  const auto open = std::count_if(connections_.begin(), connections_.end(), is_to_cache);
  if (static_cast<std::size_t>(open) >= kMostToCache) {
    journal_.denied(attempt.subject, denial::kTooMany);
    return refuse(attempt, SynAnswer::kReset);
  }
  attempt.cache_call = cache_.dial([this, &attempt](UniqueFd connection) {
    if (!connection) return fail(attempt, ECONNREFUSED);
    if (!rules_.decide(network::Protocol::kTcp, attempt.key.to).allowed()) {
      journal_.denied(attempt.subject, denial::kPolicyChanged);
      return refuse(attempt, SynAnswer::kProhibited);
    }
    attempt.remote = std::move(connection);
    go_on(attempt);
  });
  if (!attempt.cache_call.is_waiting()) fail(attempt, ECONNREFUSED);
}

void TcpRelay::on_connected(Attempt& attempt) {
  int failed = 0;
  socklen_t size = sizeof failed;
  ::getsockopt(attempt.remote.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
  if (failed != 0) return fail(attempt, failed);
  attempt.watch = {};
  attempt.timer = {};
  // What the kernel made of it: not another address, and not the host itself. The rules may have
  // changed meanwhile.
  const auto there = remote_end(attempt.remote.get());
  const auto here = local_end(attempt.remote.get());
  const Decision decision = rules_.decide(network::Protocol::kTcp, attempt.key.to);
  std::string_view denied = decision.denied;
  if (!there || !here || *there != attempt.key.to || here->address == there->address) {
    denied = denial::kOwnAddress;
  }
  if (!denied.empty()) {
    journal_.denied(attempt.subject, denied);
    return refuse(attempt, SynAnswer::kProhibited);
  }
  go_on(attempt);
}

/// The far side is there: the guest may have it.
void TcpRelay::go_on(Attempt& attempt) {
  if (attempt.guest) {
    const ConnectionKey key = attempt.key;
    const auto since = attempt.since;
    UniqueFd guest = std::move(attempt.guest);
    UniqueFd remote = std::move(attempt.remote);
    remove(key);
    return open(key, std::move(guest), std::move(remote), since);
  }
  attempt.connected = true;
  answer_syn(network_.syn_queue.get(), *attempt.syn, SynAnswer::kGo);
  attempt.timer = Loop::Timer(loop_, Clock::now() + kMostTaking, [this, &attempt] {
    journal_.failed(attempt.subject, denial::kNotTaken, attempt.since);
    remove(attempt.key);
  });
}

void TcpRelay::fail(Attempt& attempt, int error_number) {
  const bool refused = error_number == ECONNREFUSED || error_number == ECONNRESET;
  const bool late = error_number == ETIMEDOUT;
  journal_.failed(attempt.subject,
                  refused ? denial::kRefused
                  : late  ? denial::kTimedOut
                          : denial::kUnreachable,
                  attempt.since);
  refuse(attempt, refused ? SynAnswer::kReset : late ? SynAnswer::kDrop : SynAnswer::kProhibited);
}

void TcpRelay::refuse(Attempt& attempt, SynAnswer answer) {
  if (attempt.syn) answer_syn(network_.syn_queue.get(), *attempt.syn, answer);
  reset(std::move(attempt.guest));
  remove(attempt.key);
}

void TcpRelay::remove(const ConnectionKey& key) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end()) return;
  loop_.bury(std::move(found->second));
  attempts_.erase(found);
}

void TcpRelay::open(const ConnectionKey& key, UniqueFd guest, UniqueFd remote,
                    Clock::time_point since) {
  const Decision decision = rules_.decide(network::Protocol::kTcp, key.to);
  const Subject subject{.protocol = network::Protocol::kTcp,
                        .name = decision.name,
                        .to = key.to,
                        .guest_port = key.guest_port};
  if (!decision.allowed()) {
    journal_.denied(subject, decision.denied);
    return reset(std::move(guest));
  }
  const auto at = connections_.insert(connections_.end(), nullptr);
  *at = std::make_unique<Connection>(loop_, rules_, journal_, subject, decision, std::move(guest),
                                     std::move(remote), since, [this, at] {
                                       loop_.bury(std::move(*at));
                                       connections_.erase(at);
                                     });
}

void TcpRelay::recheck() {
  for (auto at = connections_.begin(); at != connections_.end();) {
    Connection& connection = **at++;  // an end takes it out of the list
    if (!connection.is_still_allowed()) connection.abort(denial::kPolicyChanged);
  }
  std::vector<ConnectionKey> gone;
  for (const auto& [key, attempt] : attempts_) {
    if (!rules_.decide(network::Protocol::kTcp, key.to).allowed()) gone.push_back(key);
  }
  for (const auto& key : gone) {
    Attempt& attempt = *attempts_.at(key);
    journal_.denied(attempt.subject, denial::kPolicyChanged);
    if (attempt.connected) attempt.syn.reset();
    refuse(attempt, SynAnswer::kProhibited);
  }
}

}  // namespace pyro::gate
