#include "services/net/gate/relay/connection.h"

#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "common/base/error.h"
#include "services/net/gate/rules/denial.h"

namespace pyro::gate {
namespace {

/// A guest that says nothing on a port of TLS or HTTP.
constexpr auto kMostSilence = std::chrono::seconds(30);
/// For a guest to read why its request failed.
constexpr auto kMostReading = std::chrono::seconds(5);
constexpr std::size_t kMuch = 256U << 10U;

/// Of the kind whose other end may have vanished without a word.
void prepare(int socket) {
  constexpr int kYes = 1;
  constexpr int kIdleSeconds = 120;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &kYes, sizeof kYes);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &kYes, sizeof kYes);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &kIdleSeconds, sizeof kIdleSeconds);
}

/// What the guest did wrong by itself, or the far side, is no denial.
bool is_denial(std::string_view reason) {
  return !reason.empty() && reason != denial::kGuestTls && reason != denial::kGuestRefuses &&
         reason != denial::kServerTls;
}

/// The next close sends a reset.
void reset_at_close(int socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

Connection::Connection(Loop& loop, Rules& rules, Journal& journal, Subject subject,
                       const Decision& decision, UniqueFd guest, UniqueFd remote,
                       Clock::time_point since, Ended ended)
    : loop_(loop),
      rules_(rules),
      journal_(journal),
      subject_(std::move(subject)),
      proof_(decision.proof),
      guard_(make_guard(rules, decision, subject_.to)),
      known_name_(decision.name),
      since_(since),
      ended_(std::move(ended)),
      guest_{.fd = std::move(guest), .watch = {}},
      remote_{.fd = std::move(remote), .watch = {}} {
  subject_.name = known_name_;
  for (Side* side : {&guest_, &remote_}) {
    prepare(side->fd.get());
    side->watch = Loop::Watch(loop_, side->fd.get(), EPOLLIN,
                              [this, side](std::uint32_t events) { on_events(*side, events); });
  }
  if (proof_ == Proof::kNone) {
    log_opened();
    if (guard_ == nullptr) learn();
    return;
  }
  silence_ = Loop::Timer(loop_, Clock::now() + kMostSilence, [this] { abort(denial::kSilence); });
}

Connection::~Connection() = default;

void Connection::log_opened() {
  if (number_ == 0) number_ = journal_.opened(subject_, since_);
}

void Connection::learn() {
  if (learnt_ || !rules_.learns()) return;
  learnt_ = true;
  if (goes_to_cache()) {
    // What it would take without the cache.
    for (const auto host : network::package_site_at(subject_.to.port)->hosts) {
      if (!host.empty()) journal_.learn(host, network::kTlsPort);
    }
    return;
  }
  journal_.learn(subject_.name, subject_.to.port);
}

bool Connection::is_still_allowed() const {
  const Decision decision = rules_.decide(network::Protocol::kTcp, subject_.to);
  if (!decision.allowed()) return false;
  switch (decision.proof) {
    case Proof::kNone:
    case Proof::kPackages:
      return true;
    case Proof::kServerName:
      return guard_ != nullptr &&
             (guard_->is_satisfied()
                  ? rules_.denied_server_name(guard_->name(), subject_.to).empty()
                  : proof_ == Proof::kServerName);
    case Proof::kHosts:
      // The requests to come are checked only if they were from the start.
      return proof_ == Proof::kHosts &&
             (!guard_->is_satisfied() || rules_.denied_host(guard_->name(), subject_.to).empty());
  }
  return false;
}

void Connection::abort(std::string_view reason) {
  if (over_) return;
  for (const Side* side : {&guest_, &remote_}) reset_at_close(side->fd.get());
  finish(reason);
}

void Connection::finish(std::string_view reason) {
  over_ = true;
  if (number_ != 0) {
    journal_.closed(subject_, number_, passed_, since_, reason);
  } else {
    // It never proved what it is.
    journal_.denied(subject_, reason.empty() ? denial::kSilence : reason);
  }
  for (Side* side : {&guest_, &remote_}) {
    side->watch = {};
    side->fd.reset();
    loop_.held_bytes -= std::exchange(side->held, {}).size();
  }
  silence_ = {};
  ended_();
}

void Connection::on_events(Side& side, std::uint32_t events) {
  const bool goes_on = ((events & EPOLLOUT) == 0 || flush(side)) &&
                       ((events & ~std::uint32_t{EPOLLOUT}) == 0 || read_from(side));
  if (over_) return;
  const auto reason = terminator_ ? terminator_->reason() : std::string_view();
  if (!goes_on) return abort(reason);
  pass_ends();
  if (guest_.told_end && remote_.told_end) return finish(reason);
  arm();
}

bool Connection::flush(Side& side) {
  if (side.held.empty()) return true;
  const ssize_t sent = ::send(side.fd.get(), side.held.data(), side.held.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR || (terminator_ && lose(side));
  side.held.erase(0, static_cast<std::size_t>(sent));
  loop_.held_bytes -= static_cast<std::size_t>(sent);
  if (side.held.empty()) side.held = {};
  return true;
}

bool Connection::takes_from(const Side& side) const {
  if (side.at_end) return false;
  if (&side == &remote_) {
    return guest_.held.empty() && (!terminator_ || terminator_->takes(Terminator::End::kServer));
  }
  if (!remote_.held.empty()) return false;
  // What TLS itself answers to the guest waits for it as well.
  if (terminator_) return terminator_->takes(Terminator::End::kGuest) && guest_.held.size() < kMuch;
  return !guard_ || guard_->takes_more();
}

/// False: the connection broke, or was aborted.
bool Connection::read_from(Side& side) {
  const bool from_guest = &side == &guest_;
  if (!takes_from(side)) return true;
  auto& buffer = loop_.buffer();
  const ssize_t got = ::recv(side.fd.get(), buffer.data(), loop_.most_read_bytes(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR || (terminator_ && lose(side));
  if (got == 0) {
    side.at_end = true;
    return !terminator_ || bring(side, {});
  }
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (terminator_) {
    (from_guest ? passed_.up : passed_.down) += bytes.size();
    return bring(side, bytes);
  }
  if (from_guest) {
    passed_.up += bytes.size();
    if (guard_ && !guard_->is_done()) return guard_up(bytes);
    return deliver(remote_, bytes);
  }
  passed_.down += bytes.size();
  if (guard_ && !guard_->is_done()) {
    std::string released;
    if (!guard_->down(bytes, released)) {
      check_name();
      return false;
    }
    if (!released.empty() && !deliver(remote_, released)) return false;
  }
  return deliver(guest_, bytes);
}

bool Connection::guard_up(std::string_view bytes) {
  std::string out;
  const bool allowed = guard_->up(bytes, out);
  if (!guard_->name().empty()) subject_.name = guard_->name();
  if (allowed && guard_->terminates()) return terminate();
  if (!allowed) {
    check_name();
    return false;
  }
  if (guard_->is_satisfied()) {
    silence_ = {};
    log_opened();
    learn();
  } else if (guard_->is_done()) {
    learn();
  }
  for (const auto& asked : guard_->take_asked()) journal_.asked(subject_, asked);
  return out.empty() || deliver(remote_, out);
}

/// From here on the wires of both sides end here.
bool Connection::terminate() {
  log_opened();
  learn();
  // A server that spoke first, or is gone: the guest has that, as without us.
  if (passed_.down > 0 || remote_.at_end) {
    abort(denial::kServerTls);
    return false;
  }
  const auto& injector = rules_.injector();
  if (injector->sessions >= Injector::kMostSessions) {
    journal_.denied(subject_, denial::kTooMany);
    abort(denial::kTooMany);
    return false;
  }
  try {
    terminator_ = std::make_unique<Terminator>(injector, guard_->name());
    return bring(guest_, guard_->take_held());
  } catch (const Error& error) {
    fmt::print(stderr, "gate: no TLS with the guest: {}\n", error.message());
    abort(denial::kGuestTls);
    return false;
  }
}

/// Nothing: the end of that side.
bool Connection::bring(Side& from, std::string_view bytes) {
  const auto end = &from == &guest_ ? Terminator::End::kGuest : Terminator::End::kServer;
  if (bytes.empty()) {
    terminator_->take_end(end);
  } else {
    terminator_->take(end, bytes);
  }
  return send_on();
}

/// The server broke the connection off: the guest may still be told why. False: it is the guest's.
bool Connection::lose(Side& side) {
  if (&side == &guest_) return false;
  loop_.held_bytes -= std::exchange(side.held, {}).size();
  side.at_end = true;
  return bring(side, {});
}

bool Connection::send_on() {
  if (terminator_->is_settled()) silence_ = {};
  const std::string to_server = std::exchange(terminator_->to_server, {});
  if (!deliver(guest_, std::exchange(terminator_->to_guest, {}))) return false;
  if (remote_.fd && !remote_.at_end && !deliver(remote_, to_server)) return lose(remote_);
  if (!terminator_->is_over() || !remote_.fd) return true;
  if (is_denial(terminator_->reason())) journal_.denied(subject_, terminator_->reason());
  if (terminator_->is_broken()) {
    abort(terminator_->reason());
    return false;
  }
  let_guest_read();
  return true;
}

/// The other side is gone.
void Connection::let_guest_read() {
  remote_.watch = {};
  remote_.fd.reset();
  remote_.at_end = true;
  loop_.held_bytes -= std::exchange(remote_.held, {}).size();
  silence_ =
      Loop::Timer(loop_, Clock::now() + kMostReading, [this] { finish(terminator_->reason()); });
}

/// Logs what the guard refused, and aborts.
void Connection::check_name() {
  const std::string_view why = guard_->refused();
  if (number_ != 0) journal_.denied(subject_, why);
  abort(why);
}

bool Connection::deliver(Side& to, std::string_view bytes) {
  if (to.held.empty()) {
    const ssize_t sent = ::send(to.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  to.held += bytes;
  loop_.held_bytes += bytes.size();
  return true;
}

void Connection::pass_ends() {
  for (Side* side : {&guest_, &remote_}) {
    Side& to = other(*side);
    if (side == &remote_ && terminator_ && terminator_->has_more_to_say()) continue;
    if (side->at_end && to.held.empty() && !to.told_end) {
      ::shutdown(to.fd.get(), SHUT_WR);
      to.told_end = true;
    }
  }
}

void Connection::arm() {
  for (Side* side : {&guest_, &remote_}) {
    std::uint32_t events = 0;
    if (takes_from(*side)) events |= EPOLLIN;
    if (!side->held.empty()) events |= EPOLLOUT;
    side->watch.want(events);
  }
}

}  // namespace pyro::gate
