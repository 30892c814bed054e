#pragma once

#include <memory>
#include <string>
#include <string_view>

// As openssl/types.h names it; its headers stay in the .cc.
struct evp_md_ctx_st;

namespace pyro {

enum class DigestKind { kSha1, kSha256 };

/// A digest of bytes that come in pieces.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  void add(std::string_view bytes);
  /// The digest, 20 or 32 raw bytes. Ends the object's use.
  std::string finish();
  /// The same in lower-case hex.
  std::string finish_hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace pyro
