#include "common/digest/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) fail();
  }
  void update(std::string_view data) {
    if (EVP_DigestUpdate(context_.get(), data.data(), data.size()) != 1) fail();
  }
  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) fail();
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest.at(i));
    return hex;
  }

 private:
  [[noreturn]] static void fail() { throw internal_error("OpenSSL offers no SHA-256"); }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path, const std::stop_token& stop) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  Sha256 sha;
  std::vector<char> buffer(1U << 20U);
  while (true) {
    if (stop.stop_requested()) throw cancelled("cancelled by the caller");
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("read '{}'", path.string()));
    if (n == 0) return sha.finish();
    sha.update({buffer.data(), static_cast<std::size_t>(n)});
  }
}

std::string sha256_of_text(std::string_view text) {
  Sha256 sha;
  sha.update(text);
  return sha.finish();
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace pyro
