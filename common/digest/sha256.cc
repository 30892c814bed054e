#include "common/digest/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
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

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kChunkBytes = 1U << 20U;

bool is_zero(std::string_view page) {
  return page.front() == 0 && std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

/// Adds those pages of `bytes` that are not zero; `position` is the start of a page.
void update_with_pages(Sha256& sha, std::uint64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view page = bytes.substr(0, kPageBytes);
    if (!is_zero(page)) {
      sha.update(fmt::format("{}:{}:", position / kPageBytes, page.size()));
      sha.update(page);
    }
    position += page.size();
    bytes.remove_prefix(page.size());
  }
}

/// Fills the buffer, unless the file ends before.
std::size_t read_at(int fd, std::vector<char>& buffer, std::uint64_t position,
                    const std::filesystem::path& path) {
  std::size_t got = 0;
  while (got < buffer.size()) {
    const ssize_t n =
        ::pread(fd, buffer.data() + got, buffer.size() - got, static_cast<off_t>(position + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("read '{}'", path.string()));
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

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

std::string sha256_of_sparse_file(const std::filesystem::path& path, const std::stop_token& stop) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  Sha256 sha;
  std::vector<char> buffer(kChunkBytes);
  off_t position = 0;
  while ((position = ::lseek(fd.get(), position, SEEK_DATA)) >= 0) {
    if (stop.stop_requested()) throw cancelled("cancelled by the caller");
    const auto start = static_cast<std::uint64_t>(position) / kPageBytes * kPageBytes;
    const std::size_t got = read_at(fd.get(), buffer, start, path);
    if (got == 0) break;
    update_with_pages(sha, start, {buffer.data(), got});
    position = static_cast<off_t>(start + got);
  }
  if (position < 0 && errno != ENXIO) throw system_error(fmt::format("lseek '{}'", path.string()));
  return sha.finish();
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
