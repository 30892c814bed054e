#pragma once

#include <openssl/types.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/certificates/authority.h"
#include "tests/service/net/lab.h"

namespace pyro::gate {

/// A certificate authority of the test's internet.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "test root");
  const std::string& certificate() const { return certificate_; }
  struct Wanted {
    std::string host;
    long days = 30;
    bool self_signed = false;
  };
  IssuedCertificate issue(const Wanted& wanted) const;

 private:
  std::string certificate_;
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> x509_;
};

/// A server of HTTP/1 over TLS, for Internet::serve.
class TlsServer {
 public:
  struct Options {
    IssuedCertificate certificate{};
    bool wants_client_certificate = false;
    bool only_h2 = false;
  };
  explicit TlsServer(Options options);

  /// The bytes of an answer to a request; empty: it closes.
  std::function<std::string(const std::string& request)> answer;
  /// In place of that: it writes the answer by itself.
  std::function<void(const std::string& request, SSL* to)> write_answer;

  void serve(int socket);
  std::vector<std::string> requests() const;

 private:
  std::shared_ptr<SSL_CTX> context_;
  mutable std::mutex lock_;
  std::vector<std::string> requests_;
};

/// A program of the guest's that speaks TLS and trusts one authority.
class TlsClient {
 public:
  struct Options {
    std::string server_name;
    std::string trusted;
    std::vector<std::string> protocols = {"http/1.1"};
    /// It shows this one.
    std::optional<IssuedCertificate> certificate{};
  };
  TlsClient(UniqueFd socket, const Options& options);

  /// Whether the handshake was done; else error() says why not.
  bool is_open() const { return open_; }
  const std::string& error() const { return error_; }
  void send(std::string_view bytes);
  /// Up to the end of an answer with a length or in chunks, or to the end.
  std::string receive();
  std::string receive_some();
  std::string ask(std::string_view request) {
    send(request);
    return receive();
  }
  /// Whether the other end closes in order.
  bool is_closed();
  int socket() const { return socket_.get(); }
  SSL* ssl() const { return ssl_.get(); }

 private:
  UniqueFd socket_;
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> ssl_;
  bool open_ = false;
  std::string error_;
  std::string held_;
};

void write_tls(SSL* to, std::string_view bytes);

}  // namespace pyro::gate
