#include "services/net/gate/tls/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "common/base/error.h"

namespace pyro::gate {
namespace {

/// A record's content.
constexpr std::size_t kRecordBytes = 16U << 10U;
std::array<char, kRecordBytes> record;

std::string queued_error() {
  std::array<char, 256> text{};
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_error_string_n(code, text.data(), text.size());
  const char* reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : text.data();
}

bool is_about_our_certificate(int reason) {
  return reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA || reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE ||
         reason == SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN ||
         reason == SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE ||
         reason == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED;
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const { ::SSL_free(ssl); }
void SslDeleter::operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }

TlsSession::TlsSession(SSL_CTX* context, Role role, const std::string& host)
    : ssl_(::SSL_new(context)) {
  BIO* in = ::BIO_new(::BIO_s_mem());
  BIO* out = ::BIO_new(::BIO_s_mem());
  if (!ssl_ || in == nullptr || out == nullptr) throw internal_error("OpenSSL gives no session");
  ::BIO_set_mem_eof_return(in, -1);
  ::BIO_set_mem_eof_return(out, -1);
  ::SSL_set0_rbio(ssl_.get(), in);
  ::SSL_set0_wbio(ssl_.get(), out);
  if (role == Role::kServer) {
    ::SSL_set_accept_state(ssl_.get());
    return;
  }
  ::SSL_set_connect_state(ssl_.get());
  ::SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (::SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) != 1 ||
      ::SSL_set1_host(ssl_.get(), host.c_str()) != 1) {
    throw internal_error("OpenSSL takes no host");
  }
}

void TlsSession::take(std::string_view wire) {
  while (!wire.empty()) {
    const auto now = static_cast<int>(std::min<std::size_t>(wire.size(), INT_MAX));
    const int taken = ::BIO_write(::SSL_get_rbio(ssl_.get()), wire.data(), now);
    if (taken <= 0) throw internal_error("OpenSSL takes no bytes");
    wire.remove_prefix(static_cast<std::size_t>(taken));
  }
}

void TlsSession::give(std::string& wire) {
  BIO* out = ::SSL_get_wbio(ssl_.get());
  const std::size_t waiting = ::BIO_ctrl_pending(out);
  if (waiting == 0) return;
  const std::size_t before = wire.size();
  wire.resize(before + waiting);
  const int got = ::BIO_read(out, wire.data() + before, static_cast<int>(waiting));
  wire.resize(before + static_cast<std::size_t>(std::max(got, 0)));
}

/// False: it waits for the wire, ended, or failed.
bool TlsSession::take_result(int result) {
  if (result > 0) return true;
  const int error = ::SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    if (wire_ended_ && !open_ && failure_.empty()) failure_ = "the connection ended";
    return false;
  }
  if (error == SSL_ERROR_ZERO_RETURN) {
    ended_ = true;
    return false;
  }
  if (!failure_.empty()) return false;
  failure_ = queued_error();
  const int reason = ERR_GET_REASON(::ERR_peek_last_error());
  lacks_protocol_ = reason == SSL_R_NO_APPLICATION_PROTOCOL;
  was_refused_ = is_about_our_certificate(reason);
  const long verified = ::SSL_get_verify_result(ssl_.get());
  if (!open_ && verified != X509_V_OK) {
    refused_certificate_ = true;
    failure_ = ::X509_verify_cert_error_string(verified);
  }
  return false;
}

bool TlsSession::handshake() {
  if (open_ || has_failed()) return open_;
  ::ERR_clear_error();
  open_ = take_result(::SSL_do_handshake(ssl_.get()));
  return open_;
}

std::string_view TlsSession::read() {
  if (!open_ || has_failed() || ended_) return {};
  ::ERR_clear_error();
  const int got = ::SSL_read(ssl_.get(), record.data(), static_cast<int>(record.size()));
  if (!take_result(got)) return {};
  return {record.data(), static_cast<std::size_t>(got)};
}

void TlsSession::write(std::string_view plain) {
  while (!plain.empty() && !has_failed()) {
    ::ERR_clear_error();
    const auto now = static_cast<int>(std::min<std::size_t>(plain.size(), INT_MAX));
    const int taken = ::SSL_write(ssl_.get(), plain.data(), now);
    if (!take_result(taken)) return;
    plain.remove_prefix(static_cast<std::size_t>(taken));
  }
}

void TlsSession::close() {
  if (!open_ || has_failed() || std::exchange(closed_, true)) return;
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_.get());
}

bool TlsSession::was_asked_for_certificate() const {
  return SSL_get_app_data(ssl_.get()) != nullptr;
}

}  // namespace pyro::gate
