#include "common/digest/sha256.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/digest/digest.h"

namespace pyro {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kChunkBytes = 1U << 20U;

bool is_zero(std::string_view page) {
  return page.front() == 0 && std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

/// Adds those pages of `bytes` that are not zero; `position` is the start of a page.
void update_with_pages(Digest& sha, std::uint64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view page = bytes.substr(0, kPageBytes);
    if (!is_zero(page)) {
      sha.add(fmt::format("{}:{}:", position / kPageBytes, page.size()));
      sha.add(page);
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
  Digest sha(DigestKind::kSha256);
  std::vector<char> buffer(1U << 20U);
  while (true) {
    if (stop.stop_requested()) throw cancelled("cancelled by the caller");
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("read '{}'", path.string()));
    if (n == 0) return sha.finish_hex();
    sha.add({buffer.data(), static_cast<std::size_t>(n)});
  }
}

std::string sha256_of_sparse_file(const std::filesystem::path& path, const std::stop_token& stop) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  Digest sha(DigestKind::kSha256);
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
  return sha.finish_hex();
}

std::string sha256_of_text(std::string_view text) {
  Digest sha(DigestKind::kSha256);
  sha.add(text);
  return sha.finish_hex();
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace pyro
