#include "services/net/gate/tls/injector.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include <algorithm>
#include <array>

#include "common/base/error.h"
#include "common/certificates/authority.h"

namespace pyro::gate {
namespace {

/// `http/1.1` as ALPN writes it.
constexpr std::array<unsigned char, 9> kHttp1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

struct BioDeleter {
  void operator()(BIO* bio) const { ::BIO_free(bio); }
};
using Text = std::unique_ptr<BIO, BioDeleter>;

Text text_of(std::string_view pem) {
  return Text(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// No configuration file, no texts of errors but their reasons, no clean-up at the end.
void begin_openssl() {
  ::OPENSSL_init_ssl(
      OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_LOAD_SSL_STRINGS,
      nullptr);
}

SslContext new_context() {
  begin_openssl();
  SslContext context(::SSL_CTX_new(::TLS_method()));
  if (!context) throw internal_error("OpenSSL gives no context");
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(),
                        SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_num_tickets(context.get(), 0);
  ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  if (::SSL_select_next_proto(&found, size, kHttp1.data(), kHttp1.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

/// The guest's certificate, if it has one, is not ours to show: the server hears that there is
/// none.
int note_certificate_request(SSL* ssl, X509**, EVP_PKEY**) {
  static int asked = 1;
  SSL_set_app_data(ssl, &asked);
  return 0;
}

}  // namespace

Injector::Injector(network::Injection injection) : injection_(std::move(injection)) {
  std::vector<std::string> values;
  for (const auto& secret : injection_.secrets) values.push_back(secret.value.data);
  redactor_ = std::make_shared<const Redactor>(values);
  for (auto& value : values) ::explicit_bzero(value.data(), value.size());
}

Injector::~Injector() {
  for (auto& secret : injection_.secrets) {
    ::explicit_bzero(secret.value.data.data(), secret.value.data.size());
  }
  std::string& key = injection_.authority.key.data;
  ::explicit_bzero(key.data(), key.size());
}

HeadRewriter Injector::rewriter_of(std::string_view host) const {
  std::vector<Binding> bindings;
  for (const auto& secret : injection_.secrets) {
    const auto& hosts = secret.hosts;
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) continue;
    bindings.push_back({secret.placeholder, secret.value.data});
  }
  return HeadRewriter(std::move(bindings));
}

SSL_CTX* Injector::server_context(const std::string& host) {
  const auto found = servers_.find(host);
  if (found != servers_.end()) return found->second.get();
  SslContext context = new_context();
  const IssuedCertificate issued = issue_certificate(injection_.authority, host);
  const auto certificate = text_of(issued.certificate);
  const auto key = text_of(issued.key.data);
  const std::unique_ptr<X509, decltype(&::X509_free)> x509(
      ::PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr), &::X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> pkey(
      ::PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr), &::EVP_PKEY_free);
  if (!x509 || !pkey || ::SSL_CTX_use_certificate(context.get(), x509.get()) != 1 ||
      ::SSL_CTX_use_PrivateKey(context.get(), pkey.get()) != 1) {
    throw internal_error("OpenSSL takes no certificate of ours");
  }
  ::SSL_CTX_set_alpn_select_cb(context.get(), &choose_protocol, nullptr);
  return servers_.emplace(host, std::move(context)).first->second.get();
}

SSL_CTX* Injector::client_context() {
  if (client_) return client_.get();
  SslContext context = new_context();
  X509_STORE* store = ::SSL_CTX_get_cert_store(context.get());
  for (const auto& root : injection_.roots) {
    const auto text = text_of(root);
    const std::unique_ptr<X509, decltype(&::X509_free)> x509(
        ::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), &::X509_free);
    if (x509) ::X509_STORE_add_cert(store, x509.get());
  }
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_client_cert_cb(context.get(), &note_certificate_request);
  if (::SSL_CTX_set_alpn_protos(context.get(), kHttp1.data(), kHttp1.size()) != 0) {
    throw internal_error("OpenSSL takes no protocol");
  }
  injection_.roots.clear();
  client_ = std::move(context);
  return client_.get();
}

}  // namespace pyro::gate
