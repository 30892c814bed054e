#include "common/stored_file/stored_file.h"

#include <sys/stat.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/timespec.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// A regular file itself, never what a link points at.
std::optional<struct stat> regular_file(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return info;
}

void take_marks(StoredFile& file, const struct stat& info) {
  file.size_bytes = static_cast<std::uint64_t>(info.st_size);
  file.inode = info.st_ino;
  file.mtime_ns = nanoseconds_of(info.st_mtim);
  file.ctime_ns = nanoseconds_of(info.st_ctim);
}

bool same_marks(const StoredFile& a, const StoredFile& b) {
  return a.size_bytes == b.size_bytes && a.inode == b.inode && a.mtime_ns == b.mtime_ns &&
         a.ctime_ns == b.ctime_ns;
}

}  // namespace

StoredFile record_file(const fs::path& directory, const std::string& path,
                       const std::stop_token& stop, unsigned mode, FileDigest digest) {
  const fs::path whole = directory / path;
  if (::chmod(whole.c_str(), mode) != 0) {
    throw system_error(fmt::format("chmod '{}'", whole.string()));
  }
  sync_path(whole);
  StoredFile file{.path = path, .sha256 = digest(whole, stop)};
  const auto info = regular_file(whole);
  if (!info) throw internal_error("'{}' is no regular file", whole.string());
  take_marks(file, *info);
  return file;
}

bool marks_unchanged(const fs::path& directory, const std::vector<StoredFile>& files) {
  return std::all_of(files.begin(), files.end(), [&directory](const StoredFile& file) {
    const auto info = regular_file(directory / file.path);
    if (!info) return false;
    StoredFile now = file;
    take_marks(now, *info);
    return same_marks(now, file);
  });
}

std::optional<std::string> find_changed_file(const fs::path& directory,
                                             const std::vector<StoredFile>& files,
                                             FileDigest digest, const std::stop_token& stop) {
  for (const auto& file : files) {
    const auto info = regular_file(directory / file.path);
    if (!info || static_cast<std::uint64_t>(info->st_size) != file.size_bytes ||
        digest(directory / file.path, stop) != file.sha256) {
      return file.path;
    }
  }
  return std::nullopt;
}

Verdict verify_files(const fs::path& directory, std::vector<StoredFile>& files,
                     const std::stop_token& stop) {
  Verdict verdict = Verdict::kUnchanged;
  for (auto& file : files) {
    if (marks_unchanged(directory, {file})) continue;
    if (find_changed_file(directory, {file}, sha256_of_file, stop)) return Verdict::kWrong;
    take_marks(file, regular_file(directory / file.path).value());
    verdict = Verdict::kRestamped;
  }
  return verdict;
}

}  // namespace pyro
