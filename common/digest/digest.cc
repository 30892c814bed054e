#include "common/digest/digest.h"

#include <openssl/evp.h>

#include <array>

#include "common/base/error.h"

namespace pyro {
namespace {

[[noreturn]] void fail() { throw internal_error("OpenSSL does not offer the digest"); }

}  // namespace

Digest::Digest(DigestKind kind) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  const EVP_MD* algorithm = kind == DigestKind::kSha1 ? EVP_sha1() : EVP_sha256();
  if (!context_ || EVP_DigestInit_ex(context_.get(), algorithm, nullptr) != 1) fail();
}

void Digest::add(std::string_view bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) fail();
}

std::string Digest::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) fail();
  return {digest.begin(), digest.begin() + size};
}

std::string Digest::finish_hex() {
  std::string hex;
  for (const char byte : finish()) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

}  // namespace pyro
