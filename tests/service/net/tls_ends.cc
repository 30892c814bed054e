#include "tests/service/net/tls_ends.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>

#include "common/base/error.h"

namespace pyro::gate {
namespace {

void good(bool yes, const char* what) {
  if (!yes) throw internal_error("{}", what);
}

std::shared_ptr<EVP_PKEY> fresh_key() {
  std::shared_ptr<EVP_PKEY> key(::EVP_EC_gen("P-256"), &::EVP_PKEY_free);
  good(key != nullptr, "EVP_EC_gen");
  return key;
}

void extend(X509* x509, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  ::X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  X509_EXTENSION* extension = ::X509V3_EXT_nconf_nid(nullptr, &context, kind, value.c_str());
  good(extension != nullptr, "extension");
  ::X509_add_ext(x509, extension, -1);
  ::X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> blank(EVP_PKEY* key, const std::string& name, long days) {
  std::shared_ptr<X509> x509(::X509_new(), &::X509_free);
  ::X509_set_version(x509.get(), 2);
  static long serial = 1;
  ::ASN1_INTEGER_set(::X509_get_serialNumber(x509.get()), ++serial);
  ::X509_gmtime_adj(::X509_getm_notBefore(x509.get()), -60L * 86400);
  ::X509_gmtime_adj(::X509_getm_notAfter(x509.get()), days * 86400);
  ::X509_set_pubkey(x509.get(), key);
  ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(x509.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return x509;
}

template <class Write>
std::string text_by(const Write& write) {
  BIO* bio = ::BIO_new(::BIO_s_mem());
  good(write(bio) == 1, "PEM");
  char* bytes = nullptr;
  const long size = ::BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  ::BIO_free(bio);
  return text;
}

std::string text_of(X509* x509) {
  return text_by([x509](BIO* bio) { return ::PEM_write_bio_X509(bio, x509); });
}

std::string text_of(EVP_PKEY* key) {
  return text_by([key](BIO* bio) {
    return ::PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void use(SSL_CTX* context, const IssuedCertificate& certificate) {
  BIO* bio = ::BIO_new_mem_buf(certificate.certificate.data(),
                               static_cast<int>(certificate.certificate.size()));
  X509* x509 = ::PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  ::BIO_free(bio);
  bio =
      ::BIO_new_mem_buf(certificate.key.data.data(), static_cast<int>(certificate.key.data.size()));
  EVP_PKEY* key = ::PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  ::BIO_free(bio);
  good(::SSL_CTX_use_certificate(context, x509) == 1 && ::SSL_CTX_use_PrivateKey(context, key) == 1,
       "use a certificate");
  ::X509_free(x509);
  ::EVP_PKEY_free(key);
}

std::string wire_form(const std::vector<std::string>& protocols) {
  std::string form;
  for (const auto& one : protocols) form += static_cast<char>(one.size()) + one;
  return form;
}

int take_h2(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
            unsigned int in_size, void*) {
  static constexpr unsigned char kH2[] = {2, 'h', '2'};
  unsigned char* found = nullptr;
  if (::SSL_select_next_proto(&found, size, kH2, sizeof kH2, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = found;
  return SSL_TLSEXT_ERR_OK;
}

std::string last_error() {
  const char* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
  return reason != nullptr ? reason : "the connection ended";
}

/// As all clients and servers of HTTP: else a small write waits for the answer to one before it.
void send_at_once(int socket) {
  constexpr int kYes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &kYes, sizeof kYes);
}

/// How long the message is whose head is there; nullopt: it is not whole.
std::optional<std::size_t> size_of_message(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  const std::string head = text.substr(0, end + 4);
  if (head.find("ransfer-Encoding: chunked") != std::string::npos) {
    if (const auto last = text.find("\r\n0\r\n\r\n"); last != std::string::npos) return last + 7;
    if (text.compare(end + 4, 5, "0\r\n\r\n") == 0) return end + 9;
    return std::nullopt;
  }
  std::size_t length = 0;
  if (const auto at = head.find("ontent-Length: "); at != std::string::npos) {
    length = std::stoul(head.substr(at + 15));
  }
  if (text.size() < end + 4 + length) return std::nullopt;
  return end + 4 + length;
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name)
    : key_(fresh_key()), x509_(blank(key_.get(), name, 3650)) {
  ::X509_set_issuer_name(x509_.get(), ::X509_get_subject_name(x509_.get()));
  extend(x509_.get(), x509_.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(x509_.get(), x509_.get(), NID_subject_key_identifier, "hash");
  ::X509_sign(x509_.get(), key_.get(), ::EVP_sha256());
  certificate_ = text_of(x509_.get());
}

IssuedCertificate TestAuthority::issue(const Wanted& wanted) const {
  const auto key = fresh_key();
  const auto x509 = blank(key.get(), wanted.host, wanted.days);
  X509* issuer = wanted.self_signed ? x509.get() : x509_.get();
  ::X509_set_issuer_name(x509.get(), ::X509_get_subject_name(issuer));
  extend(x509.get(), issuer, NID_subject_alt_name, "DNS:" + wanted.host);
  ::X509_sign(x509.get(), wanted.self_signed ? key.get() : key_.get(), ::EVP_sha256());
  return {.certificate = text_of(x509.get()), .key = {text_of(key.get())}};
}

void write_tls(SSL* to, std::string_view bytes) {
  while (!bytes.empty()) {
    const int sent = ::SSL_write(to, bytes.data(), static_cast<int>(bytes.size()));
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

TlsServer::TlsServer(Options options)
    : context_(::SSL_CTX_new(::TLS_server_method()), &::SSL_CTX_free) {
  use(context_.get(), options.certificate);
  if (options.wants_client_certificate) {
    ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         nullptr);
  }
  if (options.only_h2) ::SSL_CTX_set_alpn_select_cb(context_.get(), &take_h2, nullptr);
}

void TlsServer::serve(int socket) {
  const std::unique_ptr<SSL, decltype(&::SSL_free)> ssl(::SSL_new(context_.get()), &::SSL_free);
  ::SSL_set_fd(ssl.get(), socket);
  send_at_once(socket);
  if (::SSL_accept(ssl.get()) != 1) return;
  std::string held;
  std::string buffer(64U << 10U, '\0');
  for (;;) {
    while (const auto size = size_of_message(held)) {
      const std::string request = held.substr(0, *size);
      held.erase(0, *size);
      {
        const std::lock_guard lock(lock_);
        requests_.push_back(request);
      }
      if (write_answer) {
        write_answer(request, ssl.get());
        continue;
      }
      const std::string text = answer ? answer(request) : "";
      write_tls(ssl.get(), text);
      if (text.empty() || text.find("Connection: close") != std::string::npos) {
        ::SSL_shutdown(ssl.get());
        return;
      }
    }
    const int got = ::SSL_read(ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got <= 0) break;
    held.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::vector<std::string> TlsServer::requests() const {
  const std::lock_guard lock(lock_);
  return requests_;
}

TlsClient::TlsClient(UniqueFd socket, const Options& options)
    : socket_(std::move(socket)), context_(::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free) {
  ::signal(SIGPIPE, SIG_IGN);
  if (!options.trusted.empty()) {
    BIO* bio = ::BIO_new_mem_buf(options.trusted.data(), static_cast<int>(options.trusted.size()));
    X509* x509 = ::PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    ::BIO_free(bio);
    ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context_.get()), x509);
    ::X509_free(x509);
  }
  ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  if (options.certificate) use(context_.get(), *options.certificate);
  ssl_.reset(::SSL_new(context_.get()), &::SSL_free);
  const std::string protocols = wire_form(options.protocols);
  if (!protocols.empty()) {
    ::SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
  }
  ::SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
  ::SSL_set1_host(ssl_.get(), options.server_name.c_str());
  ::SSL_set_fd(ssl_.get(), socket_.get());
  send_at_once(socket_.get());
  ::ERR_clear_error();
  open_ = ::SSL_connect(ssl_.get()) == 1;
  if (!open_) error_ = last_error();
}

void TlsClient::send(std::string_view bytes) { write_tls(ssl_.get(), bytes); }

std::string TlsClient::receive_some() {
  if (!held_.empty()) return std::exchange(held_, {});
  std::string buffer(64U << 10U, '\0');
  const int got = ::SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
  buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return buffer;
}

std::string TlsClient::receive() {
  std::string text;
  for (;;) {
    if (const auto size = size_of_message(text)) {
      held_ = text.substr(*size);
      text.resize(*size);
      return text;
    }
    const std::string more = receive_some();
    if (more.empty()) return text;
    text += more;
  }
}

bool TlsClient::is_closed() {
  char byte = 0;
  return ::SSL_read(ssl_.get(), &byte, 1) <= 0 &&
         (::SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

}  // namespace pyro::gate
