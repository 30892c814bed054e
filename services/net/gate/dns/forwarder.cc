#include "services/net/gate/dns/forwarder.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "common/base/random.h"
#include "services/net/gate/dns/local_names.h"
#include "services/net/gate/rules/denial.h"
#include "services/net/gate/setup/netlink.h"

namespace pyro::gate::dns {
namespace {

constexpr std::size_t kMostQueries = 64;
constexpr std::size_t kMostStreams = 8;
constexpr int kMostQuestionsAtOnce = 32;
/// Until the next server is asked.
constexpr auto kPatience = std::chrono::seconds(2);
constexpr auto kStreamRest = std::chrono::seconds(20);
/// A guest that resolves as fast as it can gets all of these, and no flood of the host's resolver.
constexpr double kQuestionsAtOnce = 400;
constexpr double kQuestionsPerSecond = 100;
/// Below a `*` the guest chooses names, so each new one tells the zone's server something.
constexpr std::size_t kMostChosenBytes = 100;
constexpr double kChosenNamesAtOnce = 120;
constexpr double kChosenNamesPerSecond = 1;

std::uint16_t random_id() {
  const std::string bytes = random_bytes(2);
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8U |
                                    static_cast<unsigned char>(bytes[1]));
}

std::string with_length(const std::string& message) {
  return big_endian16(static_cast<std::uint16_t>(message.size())) + message;
}

/// Takes a message with its length before it off the front; nullopt: it is not whole.
std::optional<std::string> take_message(std::string& stream) {
  if (stream.size() < 2) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(stream[0])) << 8U |
                             static_cast<unsigned char>(stream[1]);
  if (stream.size() < 2 + length) return std::nullopt;
  std::string message = stream.substr(2, length);
  stream.erase(0, 2 + length);
  return message;
}

UniqueFd connected_socket(const Endpoint& server, int type) {
  UniqueFd socket(::socket(server.address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  sockaddr_storage address{};
  const socklen_t size = server.put(address);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 &&
      errno != EINPROGRESS) {
    return {};
  }
  return socket;
}

}  // namespace

bool Allowance::take(Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - at_).count();
  left_ = std::min(most_, left_ + seconds * per_second_);
  at_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

/// A question on its way to a server.
struct Forwarder::Query {
  Question question;
  Transport transport;
  std::uint16_t guest_port;
  Reply reply;
  Clock::time_point since;
  std::size_t tries = 0;
  std::uint16_t id = 0;
  Endpoint server;
  UniqueFd socket;
  bool by_stream = false;
  std::string sending;
  std::string received;
  Loop::Watch watch;
  Loop::Timer timer;
};

/// A connection of the guest.
struct Forwarder::Stream {
  std::uint64_t id;
  std::uint16_t guest_port;
  UniqueFd fd;
  std::string received;
  std::string sending;
  Loop::Watch watch;
  Loop::Timer rest;
};

Forwarder::Forwarder(Loop& loop, Rules& rules, Journal& journal, int datagrams, bool ipv6)
    : loop_(loop),
      rules_(rules),
      journal_(journal),
      datagrams_(datagrams),
      ipv6_(ipv6),
      watch_(loop, datagrams, EPOLLIN, [this](std::uint32_t) { take_datagrams(); }),
      questions_(kQuestionsAtOnce, kQuestionsPerSecond),
      wildcard_names_(kChosenNamesAtOnce, kChosenNamesPerSecond) {}

Forwarder::~Forwarder() = default;

void Forwarder::take_datagrams() {
  for (int i = 0; i < kMostQuestionsAtOnce; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto& buffer = loop_.buffer();
    const ssize_t got = ::recvfrom(datagrams_, buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return;
    handle({buffer.data(), static_cast<std::size_t>(got)}, Transport::kDatagram,
           Endpoint::of(from).port, [this, from, size](const std::string& message) {
             ::sendto(datagrams_, message.data(), message.size(), MSG_NOSIGNAL,
                      reinterpret_cast<const sockaddr*>(&from), size);
           });
  }
}

void Forwarder::deny(const Question& question, std::uint16_t guest_port, std::string_view reason) {
  journal_.denied({.protocol = network::Protocol::kDns,
                   .name = question.name,
                   .to = {},
                   .guest_port = guest_port},
                  reason);
}

std::string_view Forwarder::refusal(const Question& question, Rcode& rcode) {
  rcode = Rcode::kNameError;
  if (const auto why = rules_.denied_internet(); !why.empty()) return why;
  if (is_local_name(question.name)) return denial::kLocalName;
  if (!rules_.allows_question(question.name)) return denial::kNameNotAllowed;
  rcode = Rcode::kRefused;
  if (question.type == kTypeAxfr || question.type == kTypeIxfr) return denial::kTypeNotAllowed;
  // A client that hears of no HTTPS record connects as without it.
  rcode = Rcode::kNoError;
  if (question.type == kTypeHttps || question.type == kTypeSvcb) return denial::kTypeNotAllowed;
  if (rules_.lists_names() && !question.asks_address()) return denial::kTypeNotAllowed;
  if (question.type == kTypeAaaa && !ipv6_) return denial::kTypeNotAllowed;
  rcode = Rcode::kRefused;
  if (queries_.size() >= kMostQueries || !questions_.take()) return denial::kTooOften;
  const std::size_t chosen = rules_.chosen_bytes(question.name);
  if (chosen > kMostChosenBytes) return denial::kNameNotAllowed;
  if (chosen > 0 && !rules_.pins().knows(question.name) && !wildcard_names_.take()) {
    return denial::kTooOften;
  }
  return {};
}

void Forwarder::handle(std::string_view message, Transport transport, std::uint16_t guest_port,
                       Reply reply) {
  const auto read = read_question(message);
  if (const auto* bad = std::get_if<BadQuestion>(&read)) {
    deny({}, guest_port, denial::kBadQuestion);
    if (bad->id) reply(write_error(*bad->id, bad->rcode));
    return;
  }
  const auto& question = std::get<Question>(read);
  Rcode rcode{};
  if (const auto why = refusal(question, rcode); !why.empty()) {
    // Programs ask for these beside the address, and for names of no use, whatever they want.
    const bool harmless = why == denial::kLocalName || why == denial::kTypeNotAllowed;
    if (!harmless) deny(question, guest_port, why);
    reply(write_answer(question, rcode));
    return;
  }
  auto query = std::make_unique<Query>();
  query->question = question;
  query->transport = transport;
  query->guest_port = guest_port;
  query->reply = std::move(reply);
  query->since = Clock::now();
  queries_.push_back(std::move(query));
  ask_next(*queries_.back());
}

void Forwarder::ask_next(Query& query) {
  const auto& servers = resolvers_.get();
  const std::size_t most_tries = std::max<std::size_t>(2, servers.size());
  while (query.tries < most_tries) {
    query.server = servers[query.tries++ % servers.size()];
    query.watch = {};
    query.by_stream = false;
    query.socket = connected_socket(query.server, SOCK_DGRAM);
    if (!query.socket) continue;
    query.id = random_id();
    const std::string message = write_query(query.id, query.question.name, query.question.type);
    if (::send(query.socket.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) continue;
    query.watch = Loop::Watch(loop_, query.socket.get(), EPOLLIN, [this, &query](std::uint32_t) {
      auto& buffer = loop_.buffer();
      const ssize_t got = ::recv(query.socket.get(), buffer.data(), buffer.size(), 0);
      if (got >= 0) return take_answer(query, {buffer.data(), static_cast<std::size_t>(got)});
      if (errno != EAGAIN && errno != EINTR) ask_next(query);
    });
    query.timer = Loop::Timer(loop_, Clock::now() + kPatience, [this, &query] { ask_next(query); });
    return;
  }
  journal_.failed({.protocol = network::Protocol::kDns,
                   .name = query.question.name,
                   .to = {},
                   .guest_port = query.guest_port},
                  denial::kNoAnswer, query.since);
  finish(query, write_answer(query.question, Rcode::kServerFailure));
}

/// The server's answer does not fit a datagram.
void Forwarder::ask_by_stream(Query& query) {
  query.watch = {};
  query.by_stream = true;
  query.socket = connected_socket(query.server, SOCK_STREAM);
  if (!query.socket) return ask_next(query);
  query.id = random_id();
  query.sending = with_length(write_query(query.id, query.question.name, query.question.type));
  query.received.clear();
  query.watch = Loop::Watch(loop_, query.socket.get(), EPOLLOUT,
                            [this, &query](std::uint32_t events) { on_stream(query, events); });
  query.timer = Loop::Timer(loop_, Clock::now() + kPatience, [this, &query] { ask_next(query); });
}

void Forwarder::on_stream(Query& query, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    const ssize_t sent =
        ::send(query.socket.get(), query.sending.data(), query.sending.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return ask_next(query);
    if (sent > 0) query.sending.erase(0, static_cast<std::size_t>(sent));
    query.watch.want(query.sending.empty() ? EPOLLIN : EPOLLOUT);
    return;
  }
  auto& buffer = loop_.buffer();
  const ssize_t got = ::recv(query.socket.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return ask_next(query);
  query.received.append(buffer.data(), static_cast<std::size_t>(got));
  if (auto message = take_message(query.received)) take_answer(query, std::move(*message));
}

void Forwarder::take_answer(Query& query, std::string message) {
  const auto found = read_answer(message, query.id, query.question.name, query.question.type);
  if (!found) return;  // another may come
  if (found->truncated && !query.by_stream) return ask_by_stream(query);
  const bool other_may_know =
      found->rcode == Rcode::kServerFailure || found->rcode == Rcode::kRefused;
  if (other_may_know && query.tries < resolvers_.get().size()) return ask_next(query);
  answer(query, *found, std::move(message));
}

void Forwarder::answer(Query& query, const Answer& found, std::string message) {
  const Question& question = query.question;
  // An address of the host's network under a public name: the page of a stranger would speak to it.
  // Of an answer about addresses only those are passed on, of others the whole message.
  std::vector<Address> passed_on = found.mentioned;
  if (question.asks_address()) {
    passed_on.clear();
    for (const auto& record : found.addresses) passed_on.push_back(record.address);
  }
  for (const auto& address : passed_on) {
    if (rules_.denied_address(address).empty()) continue;
    deny(question, query.guest_port, denial::kAnswerNotPublic);
    return finish(query, write_answer(question, Rcode::kRefused));
  }
  // The policy may have changed meanwhile.
  if (!rules_.allows_question(question.name) ||
      (rules_.lists_names() && !question.asks_address())) {
    deny(question, query.guest_port, denial::kNameNotAllowed);
    return finish(query, write_answer(question, Rcode::kNameError));
  }
  if (!question.asks_address()) return finish(query, readdress(std::move(message), question));
  for (const auto& record : found.addresses) rules_.pins().add(record.address, question.name);
  finish(query, write_answer(question, found.rcode, found.addresses));
}

void Forwarder::finish(Query& query, std::string reply) {
  if (query.transport == Transport::kDatagram && reply.size() > query.question.most_answer_bytes) {
    reply = write_truncated(query.question);
  }
  query.reply(std::move(reply));
  const auto at = std::find_if(queries_.begin(), queries_.end(),
                               [&](const auto& one) { return one.get() == &query; });
  loop_.bury(std::move(*at));
  queries_.erase(at);
}

void Forwarder::take_connection(UniqueFd guest) {
  const auto from = remote_end(guest.get());
  if (!from || streams_.size() >= kMostStreams) return;
  static std::uint64_t next_id = 0;
  auto made = std::make_unique<Stream>();
  Stream& stream = *made;
  stream.id = ++next_id;
  stream.guest_port = from->port;
  stream.fd = std::move(guest);
  stream.watch = Loop::Watch(loop_, stream.fd.get(), EPOLLIN,
                             [this, &stream](std::uint32_t events) { on_guest(stream, events); });
  stream.rest = Loop::Timer(loop_, Clock::now() + kStreamRest, [this, &stream] { end(stream); });
  streams_.push_back(std::move(made));
}

void Forwarder::on_guest(Stream& stream, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    const ssize_t sent =
        ::send(stream.fd.get(), stream.sending.data(), stream.sending.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return end(stream);
    if (sent > 0) stream.sending.erase(0, static_cast<std::size_t>(sent));
    stream.watch.want(stream.sending.empty() ? EPOLLIN : EPOLLOUT);
    return;
  }
  auto& buffer = loop_.buffer();
  const ssize_t got = ::recv(stream.fd.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end(stream);
  stream.received.append(buffer.data(), static_cast<std::size_t>(got));
  stream.rest = Loop::Timer(loop_, Clock::now() + kStreamRest, [this, &stream] { end(stream); });
  while (auto message = take_message(stream.received)) {
    // The stream may end before its answer comes.
    handle(*message, Transport::kStream, stream.guest_port,
           [this, id = stream.id](const std::string& reply) {
             const auto at = std::find_if(streams_.begin(), streams_.end(),
                                          [&](const auto& one) { return one->id == id; });
             if (at == streams_.end()) return;
             (*at)->sending += with_length(reply);
             (*at)->watch.want(EPOLLOUT);
           });
  }
}

void Forwarder::end(Stream& stream) {
  const auto at = std::find_if(streams_.begin(), streams_.end(),
                               [&](const auto& one) { return one.get() == &stream; });
  loop_.bury(std::move(*at));
  streams_.erase(at);
}

}  // namespace pyro::gate::dns
