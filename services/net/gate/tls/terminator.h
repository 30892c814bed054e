#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "services/net/gate/streams/http_requests.h"
#include "services/net/gate/tls/http_answers.h"
#include "services/net/gate/tls/injector.h"
#include "services/net/gate/tls/tls_session.h"

namespace pyro::gate {

/// A connection of the guest to a host that secrets are bound to: one TLS session with the guest,
/// as that host, and one with the host itself; between them HTTP/1, with values put into requests
/// and hidden in answers. It holds no socket: its owner brings bytes of the wire, and sends what it
/// gives. What cannot be is told to the guest as an answer, where it still can be.
class Terminator {
 public:
  Terminator(std::shared_ptr<Injector> injector, std::string host);
  ~Terminator();
  Terminator(const Terminator&) = delete;
  Terminator& operator=(const Terminator&) = delete;

  enum class End { kGuest, kServer };
  /// Bytes from the wire of one end.
  void take(End from, std::string_view wire);
  /// Its wire has ended.
  void take_end(End from);
  /// Whether it takes bytes of that end now.
  bool takes(End from) const;

  /// What is to be sent; the owner empties them.
  std::string to_guest;
  std::string to_server;

  /// Whether the connection to the server is to be closed now, and the guest's once it has what is
  /// to be sent.
  bool is_over() const { return over_; }
  /// An answer was cut short, which a close could hide: reset it.
  bool is_broken() const { return broken_; }
  /// Whether the guest is to hear what is wrong once it asks for something.
  bool has_more_to_say() const { return !reason_.empty() && !over_; }
  /// Whether both ends speak TLS, and the guest has asked for something.
  bool is_settled() const { return settled_; }
  /// Why, once it is over or broken; empty: nothing was wrong. See rules/denial.h.
  std::string_view reason() const { return reason_; }

 private:
  void go_on();
  bool go_on_with_guest();
  bool go_on_with_server();
  void pass_requests();
  void pass_answers();
  void fail(std::string_view reason, int status, const std::string& sentence);
  void fail_with_server(const std::string& what);
  void answer_if_asked();
  bool end_answers();
  std::string rewritten(std::string_view head);

  std::shared_ptr<Injector> injector_;
  std::string host_;
  HeadRewriter rewriter_;
  TlsSession guest_;
  TlsSession server_;
  HttpRequests requests_;
  HttpAnswers answers_;
  bool asked_ = false;
  bool settled_ = false;
  bool over_ = false;
  bool broken_ = false;
  bool head_too_long_ = false;
  std::string waiting_;  ///< requests, until the server speaks TLS
  std::string_view reason_;
  std::string sentence_;
  int status_ = 0;
};

}  // namespace pyro::gate
