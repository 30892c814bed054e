#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace pyro::gate {

struct SslDeleter {
  void operator()(SSL* ssl) const;
  void operator()(SSL_CTX* context) const;
};
using SslContext = std::unique_ptr<SSL_CTX, SslDeleter>;

/// One end of a TLS connection in memory: it takes and gives the bytes of the wire.
class TlsSession {
 public:
  enum class Role { kClient, kServer };
  /// A client asks for `host`, and takes no certificate but its.
  TlsSession(SSL_CTX* context, Role role, const std::string& host);

  /// Bytes from the wire. The rest is read before more is taken.
  void take(std::string_view wire);
  /// Nothing more comes from the wire.
  void end_wire() { wire_ended_ = true; }
  /// Appends to `wire` what is to be sent.
  void give(std::string& wire);

  /// Goes on with the handshake. True once it is done.
  bool handshake();
  bool is_open() const { return open_; }
  /// Reads at most one record's content. Empty: there is none now; see has_ended, failure.
  std::string_view read();
  void write(std::string_view plain);
  /// Tells the other end that nothing more comes.
  void close();

  /// The other end has said that nothing more comes.
  bool has_ended() const { return ended_; }
  bool has_wire_ended() const { return wire_ended_; }
  bool has_failed() const { return !failure_.empty(); }
  /// What went wrong, in OpenSSL's words; of a refused certificate why.
  const std::string& failure() const { return failure_; }
  bool refused_certificate() const { return refused_certificate_; }
  /// Of a server: the client ended the handshake because of our certificate.
  bool was_refused() const { return was_refused_; }
  /// Of a server: the client speaks no HTTP/1.
  bool lacks_protocol() const { return lacks_protocol_; }
  /// Of a client: the server wanted a certificate.
  bool was_asked_for_certificate() const;

 private:
  bool take_result(int result);

  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool open_ = false;
  bool ended_ = false;
  bool closed_ = false;
  bool wire_ended_ = false;
  bool refused_certificate_ = false;
  bool was_refused_ = false;
  bool lacks_protocol_ = false;
  std::string failure_;
};

}  // namespace pyro::gate
