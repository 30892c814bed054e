#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"

namespace pyro {

/// open(2) with O_CLOEXEC; throws the Error of the failed call with the path quoted.
UniqueFd open_file(const std::filesystem::path& path, int flags, unsigned mode = 0600);

/// Reads the whole file. kInvalidArgument: it is longer than `limit_bytes`.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit_bytes = 64U << 20U);

/// Reads the last `limit_bytes` of a file; "" if it is missing.
std::string read_tail(const std::filesystem::path& path, std::uint64_t limit_bytes);

/// Writes all of `data`.
void write_all(int fd, std::string_view data);

/// Reads to the end of the file, at most `limit_bytes`.
std::string read_to_end(int fd, std::uint64_t limit_bytes);

/// Replaces the content of `path` atomically: temporary sibling, fsync, rename, fsync of the
/// directory.
void write_file_atomically(const std::filesystem::path& path, std::string_view data,
                           unsigned mode = 0600);

/// Copies only the extents that hold data, by reflink where the file system can.
/// `to` must not exist. `check` is called between pieces, and throws to end it.
void copy_sparse(const std::filesystem::path& from, const std::filesystem::path& to,
                 const std::function<void()>& check = {});

/// The same into an existing blank file, which a VMM may have open: writes in place and sets the
/// source's length. After a failure the file may be no longer blank.
void copy_sparse_into(const std::filesystem::path& from, const std::filesystem::path& to,
                      const std::function<void()>& check = {});

/// The same without the fsyncs: whole after a kill, perhaps not after a power cut.
void replace_file(const std::filesystem::path& path, std::string_view data, unsigned mode = 0600);

/// Makes `path` (0700) and its parents; refuses one that another user owns or may write to.
void make_private_directory(const std::filesystem::path& path);

/// The size on disk of the files below `directory`, in bytes.
std::uint64_t disk_usage(const std::filesystem::path& directory);

/// fsync of a file or directory, so that a rename into it survives a power cut.
void sync_path(const std::filesystem::path& path);

/// An exclusive flock(2) on a file that is never removed; released when the descriptor closes.
class FileLock {
 public:
  /// Waits for the lock.
  static FileLock wait(const std::filesystem::path& path);
  /// The lock; not held if another process has it.
  static FileLock attempt(const std::filesystem::path& path);

  bool held() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// Owns a new directory; removes it with its content unless released.
class TemporaryDirectory {
 public:
  /// `parent/prefix.XXXXXX`
  TemporaryDirectory(const std::filesystem::path& parent, std::string_view prefix);
  TemporaryDirectory(TemporaryDirectory&&) noexcept;
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  const std::filesystem::path& path() const { return path_; }
  /// Keeps the directory, after a rename into its place.
  void release() { path_.clear(); }

 private:
  std::filesystem::path path_;
};

/// Runs its action at the end of the scope unless dismissed.
class Cleanup {
 public:
  explicit Cleanup(std::function<void()> action) : action_(std::move(action)) {}
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  ~Cleanup() {
    if (action_) action_();
  }
  void dismiss() { action_ = nullptr; }

 private:
  std::function<void()> action_;
};

/// The directories in `directory`, the oldest first, without the `count` last written ones.
std::vector<std::filesystem::path> directories_beyond_the_latest(
    const std::filesystem::path& directory, std::size_t count);

}  // namespace pyro
