#include "services/net/gate/tls/terminator.h"

#include <fmt/core.h>

#include <utility>

#include "common/network/policy.h"
#include "services/net/gate/rules/denial.h"

namespace pyro::gate {
namespace {

constexpr int kMisdirected = 421;
constexpr int kBadRequest = 400;
constexpr int kBadGateway = 502;
/// Requests that are sent before their answers come.
constexpr std::size_t kMostOutstanding = 256;

std::string_view name_of_status(int status) {
  if (status == kMisdirected) return "Misdirected Request";
  return status == kBadRequest ? "Bad Request" : "Bad Gateway";
}

}  // namespace

Terminator::Terminator(std::shared_ptr<Injector> injector, std::string host)
    : injector_(std::move(injector)),
      host_(std::move(host)),
      rewriter_(injector_->rewriter_of(host_)),
      guest_(injector_->server_context(host_), TlsSession::Role::kServer, host_),
      server_(injector_->client_context(), TlsSession::Role::kClient, host_),
      requests_(
          network::kTlsPort,
          [this](std::string_view name) {
            return name == host_ ? std::string_view() : denial::kHostNotServerName;
          },
          [this](std::string_view head) { return rewritten(head); }),
      answers_(injector_->redactor()) {
  ++injector_->sessions;
  go_on();
}

Terminator::~Terminator() { --injector_->sessions; }

bool Terminator::takes(End from) const {
  if (from == End::kServer) return !over_;
  // What it said already waits in its session for the server.
  return over_ || !reason_.empty() || server_.is_open() || !asked_;
}

void Terminator::take(End from, std::string_view wire) {
  if (over_) return;  // of a guest that hears why
  (from == End::kGuest ? guest_ : server_).take(wire);
  go_on();
}

void Terminator::take_end(End from) {
  if (over_) return;
  (from == End::kGuest ? guest_ : server_).end_wire();
  go_on();
  if (over_) return;
  if (from == End::kGuest) {
    server_.close();
  } else {
    // Without a word of its end, an answer that goes on to the end may be cut short: the guest is
    // not told either.
    if (end_answers() && server_.has_ended()) guest_.close();
    answer_if_asked();
  }
  guest_.give(to_guest);
  server_.give(to_server);
}

void Terminator::go_on() {
  if (go_on_with_server() && go_on_with_guest()) {
    pass_requests();
    pass_answers();
  }
  answer_if_asked();
  guest_.give(to_guest);
  server_.give(to_server);
}

/// Whether there is more to do with the guest.
bool Terminator::go_on_with_server() {
  if (over_) return false;
  if (server_.handshake() || !server_.has_failed()) return true;
  if (server_.refused_certificate()) {
    fail(denial::kServerCertificate, kBadGateway,
         fmt::format("the certificate of {} is not trusted by the host: {}", host_,
                     server_.failure()));
  } else {
    fail_with_server("speaks no TLS with the host: " + server_.failure());
  }
  return true;
}

bool Terminator::go_on_with_guest() {
  if (guest_.handshake()) return true;
  if (!guest_.has_failed()) return false;
  over_ = true;
  reason_ = guest_.was_refused()      ? denial::kGuestRefuses
            : guest_.lacks_protocol() ? denial::kGuestWithoutHttp1
                                      : denial::kGuestTls;
  return false;
}

std::string Terminator::rewritten(std::string_view head) {
  asked_ = true;
  constexpr std::string_view kHead = "HEAD ";
  answers_.expect(head.starts_with(kHead) ? HttpAnswers::Asked::kHead : HttpAnswers::Asked::kOther);
  auto out = rewriter_.rewrite(head);
  head_too_long_ = head_too_long_ || !out;
  return std::move(out).value_or("");
}

void Terminator::pass_requests() {
  // While the server is not there yet, one piece tells whether the guest asks for something.
  std::string out;
  while (reason_.empty() && (server_.is_open() || !asked_)) {
    const auto plain = guest_.read();
    if (plain.empty()) break;
    if (!requests_.feed(plain, out)) {
      const bool elsewhere = requests_.refused() == denial::kHostNotServerName;
      asked_ = true;
      fail(requests_.refused(), elsewhere ? kMisdirected : kBadRequest,
           elsewhere ? fmt::format("a request on a connection to {} is for another host", host_)
                     : "pyro passes on plain HTTP/1.1 requests alone, no upgrade and none that "
                       "could be read in two ways");
    } else if (head_too_long_ || answers_.expected() > kMostOutstanding) {
      fail(denial::kNoHttp, kBadRequest, "the request is too long, or too many wait");
    }
  }
  if (guest_.has_failed() && reason_.empty()) {
    over_ = true;
    reason_ = denial::kGuestTls;
  }
  waiting_ += out;
  if (!server_.is_open() || !reason_.empty()) return;
  if (asked_) settled_ = true;
  server_.write(std::exchange(waiting_, {}));
  if (guest_.has_ended()) server_.close();
}

void Terminator::pass_answers() {
  if (!reason_.empty()) return;
  std::string out;
  bool readable = true;
  while (readable) {
    const auto plain = server_.read();
    if (plain.empty()) break;
    readable = answers_.feed(plain, out);
  }
  guest_.write(out);
  if (!readable) {
    const bool encoded = answers_.refused() == denial::kAnswerEncoded;
    fail(answers_.refused(), kBadGateway,
         encoded
             ? fmt::format("the answer of {} is encoded ({}), so that pyro cannot tell whether "
                           "it shows a secret",
                           host_, answers_.detail())
             : fmt::format("the answer of {} is no HTTP/1.1 that can be read in one way", host_));
    return;
  }
  if (server_.has_failed()) {
    fail_with_server("broke the TLS off: " + server_.failure());
  } else if (server_.has_ended() && end_answers()) {
    guest_.close();
  }
}

/// The server says no more. Whether all that it said has gone on, and it owed nothing: a connection
/// that was kept and is closed just when the guest asks again is closed for the guest too.
bool Terminator::end_answers() {
  const bool owes = asked_ || !server_.has_ended();
  const bool is_heard = !guest_.has_ended() && !guest_.has_wire_ended();
  if (owes && is_heard && !answers_.has_any() && answers_.is_between()) {
    fail_with_server("closed the connection without an answer");
    return false;
  }
  std::string rest;
  const bool whole = answers_.finish(rest);
  guest_.write(rest);
  return whole;
}

void Terminator::fail_with_server(const std::string& what) {
  const std::string certificate = "asks for a certificate of the client, which pyro cannot give";
  fail(denial::kServerTls, kBadGateway,
       fmt::format("{} {}", host_, server_.was_asked_for_certificate() ? certificate : what));
}

void Terminator::fail(std::string_view reason, int status, const std::string& sentence) {
  if (!reason_.empty()) return;
  reason_ = reason;
  status_ = status;
  sentence_ = sentence;
}

/// What is wrong is told as the answer to what the guest asked, if none has begun.
void Terminator::answer_if_asked() {
  if (reason_.empty() || over_ || !guest_.is_open()) return;
  while (!asked_) {
    const auto plain = guest_.read();
    if (plain.empty()) break;
    std::string unused;
    requests_.feed(plain, unused);
    asked_ = asked_ || !requests_.refused().empty();
  }
  if (guest_.has_failed() || guest_.has_ended()) over_ = true;
  if (!asked_ || over_) return;
  over_ = true;
  if (!answers_.is_between()) {
    broken_ = true;
    return;
  }
  const std::string body = "pyro: " + sentence_ + "\n";
  guest_.write(
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                  status_, name_of_status(status_), body.size(), body));
  guest_.close();
}

}  // namespace pyro::gate
