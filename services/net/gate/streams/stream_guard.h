#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/net/gate/rules/rules.h"
#include "services/net/gate/streams/client_hello.h"
#include "services/net/gate/streams/http_requests.h"

namespace pyro::gate {

/// A request that a guard read, and why it does not go on; empty: it does.
struct Asked {
  std::string path;
  std::string_view refused;
};

/// Looks at a connection's bytes before they go on.
class StreamGuard {
 public:
  virtual ~StreamGuard() = default;

  /// Bytes of the guest: appends to `out` what may go on. False: refused() says why.
  virtual bool up(std::string_view bytes, std::string& out) = 0;
  /// Bytes of the server, which go on in any case: appends to `out` what may now go up.
  virtual bool down(std::string_view bytes, std::string& out);
  /// Whether it takes more of the guest's bytes now.
  virtual bool takes_more() const { return true; }
  /// Whether nothing that follows concerns it.
  virtual bool is_done() const = 0;
  /// Whether the guest has said as what the connection is meant.
  bool is_satisfied() const { return !name_.empty(); }

  /// Whether the connection is for a host whose TLS is terminated. take_held() is then all that the
  /// guest said.
  bool terminates() const { return terminates_; }
  virtual std::string take_held() { return {}; }

  /// The name that the connection gave; empty: none yet.
  const std::string& name() const { return name_; }
  std::string_view refused() const { return refused_; }
  /// What it asked for since the last call, for the log.
  virtual std::vector<Asked> take_asked() { return {}; }

 protected:
  bool refuse(std::string_view why);

  std::string name_;
  std::string_view refused_;
  bool terminates_ = false;
};

/// Returns why the name is not allowed; empty: it is.
using CheckName = std::function<std::string_view(std::string_view name)>;
/// Whether TLS with the host is terminated.
using IsSecretHost = std::function<bool(std::string_view name)>;

/// TLS: one server_name, checked before a byte goes on; also that of the second hello that a
/// server may ask for.
class TlsGuard : public StreamGuard {
 public:
  explicit TlsGuard(CheckName check, IsSecretHost is_secret = {})
      : check_(std::move(check)), is_secret_(std::move(is_secret)) {}

  bool up(std::string_view bytes, std::string& out) override;
  bool down(std::string_view bytes, std::string& out) override;
  bool takes_more() const override { return state_ != State::kAnswer; }
  bool is_done() const override { return state_ == State::kDone; }
  std::string take_held() override { return std::exchange(held_, {}); }

 private:
  enum class State { kHello, kAnswer, kSecondHello, kDone };

  bool take_hello(std::string& out);
  bool take_second_hello(std::string& out);

  CheckName check_;
  IsSecretHost is_secret_;
  State state_ = State::kHello;
  std::string held_;    ///< of the guest
  std::string answer_;  ///< the start of the server's
  ClientHelloReader reader_;
  ClientHelloReader second_;
  std::string second_records_;  ///< of the second hello, until it is checked
};

/// Plain HTTP/1: the host of each request.
class HttpGuard : public StreamGuard {
 public:
  HttpGuard(std::uint16_t port, CheckName check);

  bool up(std::string_view bytes, std::string& out) override;
  bool is_done() const override { return false; }

 private:
  HttpRequests requests_;
};

/// Refuses nothing and holds nothing: reads the name for the log.
class NameObserver : public StreamGuard {
 public:
  explicit NameObserver(std::uint16_t port);

  bool up(std::string_view bytes, std::string& out) override;
  bool is_done() const override { return done_; }

 private:
  bool is_tls_;
  bool done_ = false;
  ClientHelloReader hello_;
  HttpRequests requests_;
};

/// Refuses nothing, and holds the guest's bytes until it knows whether TLS with the host that they
/// name is terminated.
class SecretHostObserver : public StreamGuard {
 public:
  explicit SecretHostObserver(IsSecretHost is_secret) : is_secret_(std::move(is_secret)) {}

  bool up(std::string_view bytes, std::string& out) override;
  bool is_done() const override { return done_; }
  std::string take_held() override { return std::exchange(held_, {}); }

 private:
  IsSecretHost is_secret_;
  bool done_ = false;
  std::string held_;
  ClientHelloReader hello_;
};

/// The guard of a connection that was allowed with this decision, or null. It refers to `rules`.
std::unique_ptr<StreamGuard> make_guard(const Rules& rules, const Decision& decision,
                                        const Endpoint& to);

}  // namespace pyro::gate
