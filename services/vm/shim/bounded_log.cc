#include "services/vm/shim/bounded_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/base/files.h"

namespace pyro::vm {

BoundedLog::BoundedLog(const std::filesystem::path& file, std::uint64_t most_bytes)
    : file_(open_file(file, O_RDWR | O_CREAT | O_NOFOLLOW)), most_bytes_(most_bytes) {}

void BoundedLog::append(std::string_view text) noexcept {
  if (text.size() > most_bytes_ / 2) text.remove_prefix(text.size() - most_bytes_ / 2);
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) return;
  auto size = static_cast<std::uint64_t>(info.st_size);
  if (size + text.size() > most_bytes_) {
    const std::uint64_t kept = std::min(size, most_bytes_ / 2);
    if (!keep_newest(size, kept)) return;
    size = kept;
  }
  while (!text.empty()) {
    const ssize_t n = ::pwrite(file_.get(), text.data(), text.size(), static_cast<off_t>(size));
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
    size += static_cast<std::uint64_t>(n);
  }
}

/// In place: readers and other writers have the file open.
bool BoundedLog::keep_newest(std::uint64_t size, std::uint64_t kept) noexcept {
  std::array<char, 65536> piece;
  for (std::uint64_t done = 0; done < kept;) {
    const ssize_t n = ::pread(file_.get(), piece.data(), std::min(piece.size(), kept - done),
                              static_cast<off_t>(size - kept + done));
    if (n <= 0) return false;
    const auto bytes = static_cast<std::size_t>(n);
    if (::pwrite(file_.get(), piece.data(), bytes, static_cast<off_t>(done)) != n) return false;
    done += bytes;
  }
  return ::ftruncate(file_.get(), static_cast<off_t>(kept)) == 0;
}

}  // namespace pyro::vm
