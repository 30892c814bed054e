#include "services/image/manifest.h"

#include <sys/stat.h>

#include <algorithm>

#include "common/digest/sha256.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

/// A regular file itself, never what a link points at.
std::optional<struct stat> regular_file(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return info;
}

void take_marks(StoredFile& file, const struct stat& info) {
  file.size_bytes = static_cast<std::uint64_t>(info.st_size);
  file.inode = info.st_ino;
  file.mtime_ns = nanoseconds(info.st_mtim);
  file.ctime_ns = nanoseconds(info.st_ctim);
}

bool same_marks(const StoredFile& a, const StoredFile& b) {
  return a.size_bytes == b.size_bytes && a.inode == b.inode && a.mtime_ns == b.mtime_ns &&
         a.ctime_ns == b.ctime_ns;
}

}  // namespace

std::string RootfsManifest::digest() const {
  return files.size() == 1 && files[0].path == "rootfs.ext4" ? files[0].sha256 : "";
}

std::string KernelManifest::digest() const {
  std::string text = fmt::format("{}\n{}\n{}\n", package, package_version, release);
  for (const auto& module : modules) text += module + "\n";
  for (const auto& file : files) text += fmt::format("{} {}\n", file.sha256, file.path);
  return sha256_of_text(text);
}

StoredFile record_file(const fs::path& directory, const std::string& path,
                       const std::stop_token& stop) {
  const fs::path whole = directory / path;
  if (::chmod(whole.c_str(), 0444) != 0) {
    throw system_error(fmt::format("chmod '{}'", whole.string()));
  }
  sync_path(whole);
  StoredFile file{.path = path, .sha256 = sha256_of_file(whole, stop)};
  const auto info = regular_file(whole);
  if (!info) throw internal_error("'{}' is no regular file", whole.string());
  take_marks(file, *info);
  return file;
}

Verdict verify_files(const fs::path& directory, std::vector<StoredFile>& files,
                     const std::stop_token& stop) {
  Verdict verdict = Verdict::kUnchanged;
  for (auto& file : files) {
    const auto info = regular_file(directory / file.path);
    if (!info || static_cast<std::uint64_t>(info->st_size) != file.size_bytes) {
      return Verdict::kWrong;
    }
    StoredFile now = file;
    take_marks(now, *info);
    if (same_marks(now, file)) continue;
    if (sha256_of_file(directory / file.path, stop) != file.sha256) return Verdict::kWrong;
    file = now;
    verdict = Verdict::kRestamped;
  }
  return verdict;
}

}  // namespace pyro::image
