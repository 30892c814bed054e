#include "common/certificates/authority.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include <array>
#include <memory>
#include <string_view>

#include "common/base/error.h"

namespace pyro {
namespace {

constexpr long kDay = 86400;
/// Longer than any workspace is kept.
constexpr long kAuthorityDays = 3650;
/// What browsers take at most.
constexpr long kServerDays = 397;
/// A guest's clock may be behind.
constexpr long kBeforeSeconds = kDay;
constexpr long kVersion3 = 2;
constexpr int kSerialBytes = 16;

template <auto Free>
struct OpenSslDeleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Certificate = std::unique_ptr<X509, OpenSslDeleter<&::X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, OpenSslDeleter<&::EVP_PKEY_free>>;
using Buffer = std::unique_ptr<BIO, OpenSslDeleter<&::BIO_free>>;
using Number = std::unique_ptr<BIGNUM, OpenSslDeleter<&::BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, OpenSslDeleter<&::X509_EXTENSION_free>>;

Error openssl_failed(std::string_view what) { return internal_error("OpenSSL cannot {}", what); }

void require(bool done, std::string_view what) {
  if (!done) throw openssl_failed(what);
}

Key new_key() {
  Key key(::EVP_EC_gen("P-256"));
  require(key != nullptr, "make a key");
  return key;
}

Buffer new_buffer() {
  Buffer buffer(::BIO_new(::BIO_s_secmem()));
  require(buffer != nullptr, "give a buffer");
  return buffer;
}

std::string taken_from(BIO* buffer) {
  char* bytes = nullptr;
  const long size = ::BIO_get_mem_data(buffer, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string written(X509* certificate) {
  const Buffer buffer = new_buffer();
  require(::PEM_write_bio_X509(buffer.get(), certificate) == 1, "write a certificate");
  return taken_from(buffer.get());
}

std::string written(EVP_PKEY* key) {
  const Buffer buffer = new_buffer();
  require(::PEM_write_bio_PrivateKey(buffer.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "write a key");
  return taken_from(buffer.get());
}

Certificate new_certificate(EVP_PKEY* key, const std::string& name, long days) {
  Certificate certificate(::X509_new());
  require(certificate != nullptr, "make a certificate");
  X509* x509 = certificate.get();
  std::array<unsigned char, kSerialBytes> serial{};
  require(::RAND_bytes(serial.data(), kSerialBytes) == 1, "draw a number");
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3FU) | 0x40U);  // positive, always as long
  const Number number(::BN_bin2bn(serial.data(), kSerialBytes, nullptr));
  X509_NAME* subject = ::X509_get_subject_name(x509);
  const auto add = [subject](const char* what, const std::string& text) {
    require(::X509_NAME_add_entry_by_txt(subject, what, MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(text.data()),
                                         static_cast<int>(text.size()), -1, 0) == 1,
            "name a certificate");
  };
  add("O", "pyro");
  add("CN", name);
  require(::X509_set_version(x509, kVersion3) == 1 && number != nullptr &&
              ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(x509)) != nullptr &&
              ::X509_gmtime_adj(::X509_getm_notBefore(x509), -kBeforeSeconds) != nullptr &&
              ::X509_gmtime_adj(::X509_getm_notAfter(x509), days * kDay) != nullptr &&
              ::X509_set_pubkey(x509, key) == 1,
          "fill a certificate");
  return certificate;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(::X509V3_EXT_nconf_nid(nullptr, &context, kind, value.c_str()));
  require(extension != nullptr && ::X509_add_ext(certificate, extension.get(), -1) == 1,
          "extend a certificate");
}

template <class T, class Read>
T* read_pem(const std::string& text, const Read& read, std::string_view what) {
  const Buffer buffer(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  T* object = buffer ? read(buffer.get(), nullptr, nullptr, nullptr) : nullptr;
  if (object == nullptr) throw invalid_argument("an authority has no {}", what);
  return object;
}

}  // namespace

/// A constraint on names of one kind leaves those of other kinds free: addresses are excluded.
CertificateAuthority make_authority(const std::vector<std::string>& hosts) {
  const Key key = new_key();
  const Certificate certificate =
      new_certificate(key.get(), "pyro, for the secrets of one workspace", kAuthorityDays);
  X509* x509 = certificate.get();
  require(::X509_set_issuer_name(x509, ::X509_get_subject_name(x509)) == 1, "name an issuer");
  std::string names =
      "critical,excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0";
  for (const auto& host : hosts) names += ",permitted;DNS:" + host;
  add_extension(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(x509, x509, NID_key_usage, "critical,keyCertSign");
  add_extension(x509, x509, NID_name_constraints, names);
  add_extension(x509, x509, NID_subject_key_identifier, "hash");
  require(::X509_sign(x509, key.get(), ::EVP_sha256()) != 0, "sign a certificate");
  return {.certificate = written(x509), .key = {written(key.get())}};
}

IssuedCertificate issue_certificate(const CertificateAuthority& authority,
                                    const std::string& host) {
  const Certificate issuer(
      read_pem<X509>(authority.certificate, ::PEM_read_bio_X509, "certificate"));
  const Key issuer_key(read_pem<EVP_PKEY>(authority.key.data, ::PEM_read_bio_PrivateKey, "key"));
  const Key key = new_key();
  const Certificate certificate = new_certificate(key.get(), "pyro", kServerDays);
  X509* x509 = certificate.get();
  require(::X509_set_issuer_name(x509, ::X509_get_subject_name(issuer.get())) == 1,
          "name an issuer");
  add_extension(x509, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x509, issuer.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(x509, issuer.get(), NID_ext_key_usage, "serverAuth");
  add_extension(x509, issuer.get(), NID_subject_alt_name, "DNS:" + host);
  add_extension(x509, issuer.get(), NID_subject_key_identifier, "hash");
  add_extension(x509, issuer.get(), NID_authority_key_identifier, "keyid:always");
  require(::X509_sign(x509, issuer_key.get(), ::EVP_sha256()) != 0, "sign a certificate");
  return {.certificate = written(x509), .key = {written(key.get())}};
}

}  // namespace pyro
