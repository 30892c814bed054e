#include "common/base/files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"

namespace pyro {
namespace fs = std::filesystem;
namespace {

Error file_error(std::string_view call, const fs::path& path) {
  const int error_number = errno;
  return system_error(fmt::format("{} '{}'", call, path.string()), error_number);
}

UniqueFd lock_file(const fs::path& path, int operation) {
  UniqueFd fd = open_file(path, O_RDWR | O_CREAT);
  while (::flock(fd.get(), operation) != 0) {
    if (errno == EWOULDBLOCK) return UniqueFd();
    if (errno != EINTR) throw file_error("flock", path);
  }
  return fd;
}

/// Copies up to `length` bytes at offset `at`; what it copied, 0 at the end, -1 with errno.
ssize_t copy_some(int source, int target, off_t at, off_t length) {
  off_t in = at;
  off_t out = at;
  const ssize_t n =
      ::copy_file_range(source, &in, target, &out, static_cast<std::size_t>(length), 0);
  if (n >= 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)) {
    return n;
  }
  // From one file system to another the kernel leaves it to us (copy_file_range(2), EXDEV).
  std::array<char, 256U << 10U> buffer;
  const ssize_t got =
      ::pread(source, buffer.data(), std::min(buffer.size(), static_cast<std::size_t>(length)), at);
  return got <= 0 ? got : ::pwrite(target, buffer.data(), static_cast<std::size_t>(got), at);
}

/// The bytes copied between two checks.
constexpr off_t kPieceBytes = 64 << 20;

void copy_extents(const fs::path& from, int target, const fs::path& to,
                  const std::function<void()>& check) {
  const UniqueFd source = open_file(from, O_RDONLY);
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) throw file_error("fstat", from);
  if (::ioctl(target, FICLONE, source.get()) == 0) return;
  if (::ftruncate(target, info.st_size) != 0) throw file_error("ftruncate", to);
  off_t position = 0;
  while (position < info.st_size) {
    const off_t data = ::lseek(source.get(), position, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data < 0) throw file_error("lseek", from);
    position = ::lseek(source.get(), data, SEEK_HOLE);
    if (position < 0) throw file_error("lseek", from);
    for (off_t at = data; at < position;) {
      if (check) check();
      const ssize_t n = copy_some(source.get(), target, at, std::min(position - at, kPieceBytes));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw file_error("copy to", to);
      if (n == 0) throw internal_error("copy '{}': it became shorter meanwhile", from.string());
      at += n;
    }
  }
}

enum class Lasting { kAfterKill, kAfterPowerCut };

void replace(const fs::path& path, std::string_view data, unsigned mode, Lasting lasting) {
  const fs::path temporary = path.string() + ".tmp-" + random_hex(4);
  Cleanup remove([&temporary] { ::unlink(temporary.c_str()); });
  {
    const UniqueFd fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    with_context(fmt::format("'{}'", temporary.string()), [&] { write_all(fd.get(), data); });
    if (lasting == Lasting::kAfterPowerCut && ::fsync(fd.get()) != 0) {
      throw file_error("fsync", temporary);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) throw file_error("rename", temporary);
  remove.dismiss();
}

}  // namespace

UniqueFd open_file(const fs::path& path, int flags, unsigned mode) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw file_error("open", path);
  return fd;
}

std::string read_to_end(int fd, std::uint64_t limit_bytes) {
  std::string out;
  char buffer[65536];
  while (out.size() < limit_bytes) {
    const ssize_t n =
        ::read(fd, buffer, std::min<std::uint64_t>(sizeof buffer, limit_bytes - out.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error("read");
    if (n == 0) break;
    out.append(buffer, static_cast<std::size_t>(n));
  }
  return out;
}

std::string read_file(const fs::path& path, std::uint64_t limit_bytes) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  std::string out = with_context(fmt::format("'{}'", path.string()), [&fd, limit_bytes] {
    return read_to_end(fd.get(), limit_bytes + 1);
  });
  if (out.size() > limit_bytes) {
    throw invalid_argument("'{}' is larger than {} bytes", path.string(), limit_bytes);
  }
  return out;
}

std::string read_tail(const fs::path& path, std::uint64_t limit_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return "";
  const off_t end = ::lseek(fd.get(), 0, SEEK_END);
  const off_t start = std::max<off_t>(0, end - static_cast<off_t>(limit_bytes));
  if (::lseek(fd.get(), start, SEEK_SET) < 0) return "";
  return read_to_end(fd.get(), limit_bytes);
}

void write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error("write");
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

void sync_path(const fs::path& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  if (::fsync(fd.get()) != 0) throw file_error("fsync", path);
}

void write_file_atomically(const fs::path& path, std::string_view data, unsigned mode) {
  replace(path, data, mode, Lasting::kAfterPowerCut);
  sync_path(path.has_parent_path() ? path.parent_path() : ".");
}

void replace_file(const fs::path& path, std::string_view data, unsigned mode) {
  replace(path, data, mode, Lasting::kAfterKill);
}

void copy_sparse(const fs::path& from, const fs::path& to, const std::function<void()>& check) {
  const UniqueFd target = open_file(to, O_WRONLY | O_CREAT | O_EXCL);
  Cleanup remove([&to] { ::unlink(to.c_str()); });
  copy_extents(from, target.get(), to, check);
  remove.dismiss();
}

void copy_sparse_into(const fs::path& from, const fs::path& to,
                      const std::function<void()>& check) {
  copy_extents(from, open_file(to, O_WRONLY).get(), to, check);
}

void make_private_directory(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw file_error("mkdir", path);
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) throw file_error("stat", path);
  if (!S_ISDIR(info.st_mode)) {
    throw failed_precondition(reason::kUnsafeDirectory, "'{}' is not a directory: move it away",
                              path.string());
  }
  if (info.st_uid != ::geteuid()) {
    throw failed_precondition(reason::kUnsafeDirectory,
                              "directory '{}' belongs to another user: choose another one",
                              path.string());
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw failed_precondition(reason::kUnsafeDirectory,
                              "others may write to directory '{}': run `chmod go-w {}`",
                              path.string(), shell_quote(path.string()));
  }
}

std::uint64_t disk_usage(const fs::path& directory) {
  constexpr std::uint64_t kStatBlock = 512;
  std::uint64_t bytes = 0;
  const auto add = [&bytes](const fs::path& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) {
      bytes += static_cast<std::uint64_t>(info.st_blocks) * kStatBlock;
    }
  };
  add(directory);
  std::error_code failed;
  for (fs::recursive_directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    add(it->path());
  }
  return bytes;
}

FileLock FileLock::wait(const fs::path& path) { return FileLock(lock_file(path, LOCK_EX)); }

FileLock FileLock::attempt(const fs::path& path) {
  return FileLock(lock_file(path, LOCK_EX | LOCK_NB));
}

TemporaryDirectory::TemporaryDirectory(const fs::path& parent, std::string_view prefix) {
  std::string pattern = (parent / fmt::format("{}.XXXXXX", prefix)).string();
  if (::mkdtemp(pattern.data()) == nullptr) throw file_error("mkdtemp", pattern);
  path_ = pattern;
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::vector<std::filesystem::path> directories_beyond_the_latest(
    const std::filesystem::path& directory, std::size_t count) {
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::error_code gone;
    if (!entry.is_directory(gone)) continue;
    const auto written = entry.last_write_time(gone);
    if (!gone) found.emplace_back(written, entry.path());
  }
  std::sort(found.begin(), found.end());
  found.resize(found.size() - std::min(found.size(), count));
  std::vector<std::filesystem::path> oldest;
  oldest.reserve(found.size());
  for (auto& [written, path] : found) oldest.push_back(std::move(path));
  return oldest;
}

}  // namespace pyro
