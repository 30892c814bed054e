#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/network/injection.h"
#include "common/secrets/redactor.h"
#include "services/net/gate/tls/head_rewriter.h"
#include "services/net/gate/tls/tls_session.h"

namespace pyro::gate {

/// What this gate knows to put secrets into requests: their values, the authority that the guest
/// trusts for their hosts, and whom this host trusts. OpenSSL begins with the first host that is
/// asked for.
class Injector {
 public:
  /// At once: a session has some 100 KiB.
  static constexpr std::size_t kMostSessions = 128;

  explicit Injector(network::Injection injection);
  ~Injector();
  Injector(const Injector&) = delete;
  Injector& operator=(const Injector&) = delete;

  /// For the guest, as that host.
  SSL_CTX* server_context(const std::string& host);
  /// For the host itself.
  SSL_CTX* client_context();

  HeadRewriter rewriter_of(std::string_view host) const;
  const std::shared_ptr<const Redactor>& redactor() const { return redactor_; }

  std::size_t sessions = 0;

 private:
  network::Injection injection_;
  std::shared_ptr<const Redactor> redactor_;
  SslContext client_;
  std::map<std::string, SslContext, std::less<>> servers_;
};

}  // namespace pyro::gate
