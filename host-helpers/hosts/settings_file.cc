#include "host-helpers/hosts/settings_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/hosts.h"
#include "common/base/text.h"
#include "common/fault/fault.h"

namespace pyro::hosts {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargest = 16U << 20U;
constexpr int kMostLinks = 40;
/// How often another program may write the file while it is changed.
constexpr int kAttempts = 5;

Error failed(std::string_view call, const fs::path& path) {
  const int error_number = errno;
  return system_error(fmt::format("{} '{}'", call, path.string()), error_number);
}

/// Where the file is, or will be, behind its symlinks.
fs::path behind_links(fs::path path) {
  for (int links = 0; links < kMostLinks; ++links) {
    std::error_code none;
    if (!fs::is_symlink(path, none)) return path;
    const fs::path target = fs::read_symlink(path);
    path = target.is_absolute() ? target : path.parent_path() / target;
  }
  throw failed_precondition("'{}' is a symlink that leads in a circle", path.string());
}

/// The file that a change is about, as it was read.
struct Reading {
  bool exists = false;
  struct stat info {};
  std::string text;

  bool is_as(const Reading& other) const {
    return exists == other.exists &&
           (!exists || (info.st_ino == other.info.st_ino && info.st_dev == other.info.st_dev &&
                        info.st_mtim.tv_sec == other.info.st_mtim.tv_sec &&
                        info.st_mtim.tv_nsec == other.info.st_mtim.tv_nsec &&
                        info.st_size == other.info.st_size));
  }
};

struct stat marks_of(const fs::path& path, bool& exists) {
  struct stat info {};
  exists = ::stat(path.c_str(), &info) == 0;
  if (!exists && errno != ENOENT && errno != ENOTDIR) throw failed("stat", path);
  return info;
}

Reading read_now(const fs::path& path) {
  Reading reading;
  reading.info = marks_of(path, reading.exists);
  if (!reading.exists) return reading;
  if (S_ISDIR(reading.info.st_mode)) {
    throw failed_precondition("'{}' is a directory, not a settings file: move it away",
                              path.string());
  }
  if (!S_ISREG(reading.info.st_mode)) {
    throw failed_precondition("'{}' is not a regular file: move it away", path.string());
  }
  reading.text = read_file(path, kLargest);
  return reading;
}

void require_writable(const fs::path& path, const Reading& reading) {
  // By its mode: root could write all, and an owner takes the right away for a reason.
  if (reading.exists && (reading.info.st_mode & S_IWUSR) == 0) {
    throw failed_precondition(reason::kSettingsReadOnly,
                              "'{}' is read-only: run `chmod u+w {}`, or change it by hand",
                              path.string(), shell_quote(path.string()));
  }
}

void make_parent(const fs::path& path, const fs::path& named) {
  const fs::path parent = path.parent_path();
  std::error_code none;
  if (fs::is_directory(parent, none)) return;
  if (path != named) {
    throw failed_precondition(
        "'{}' is a symlink to '{}', whose directory does not exist: make it, "
        "or remove the link",
        named.string(), path.string());
  }
  fs::create_directories(parent, none);
  if (none) throw failed_precondition("make '{}': {}", parent.string(), none.message());
}

/// The new text beside the file. The name is always the same, so that what a kill leaves is
/// replaced the next time.
fs::path beside(const fs::path& path) { return path.string() + ".pyro-new"; }

void write_beside(const fs::path& path, const Reading& old, unsigned mode,
                  const std::string& text) {
  const fs::path temporary = beside(path);
  ::unlink(temporary.c_str());
  const UniqueFd fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  const unsigned kept = old.exists ? old.info.st_mode & 07777U : mode;
  if (old.exists && (old.info.st_uid != ::geteuid() || old.info.st_gid != ::getegid())) {
    // As far as we may: the mode comes after it, which a change of owner narrows.
    if (::fchown(fd.get(), old.info.st_uid, old.info.st_gid) != 0 &&
        old.info.st_uid != ::geteuid()) {
      ::unlink(temporary.c_str());
      throw failed_precondition("'{}' belongs to another user: change it by hand", path.string());
    }
  }
  if (::fchmod(fd.get(), kept) != 0) throw failed("chmod", temporary);
  with_context(fmt::format("'{}'", temporary.string()), [&] { write_all(fd.get(), text); });
  if (::fsync(fd.get()) != 0) throw failed("fsync", temporary);
}

std::string timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return text.data();
}

/// A copy of the file beside it, under a name that nothing has.
fs::path copy_beside(const fs::path& path, const Reading& reading) {
  const std::string stem = path.string() + ".bak-" + timestamp();
  for (int n = 1;; ++n) {
    const fs::path copy = n == 1 ? stem : fmt::format("{}-{}", stem, n);
    const UniqueFd fd(::open(copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                             reading.info.st_mode & 0700U));
    if (!fd && errno == EEXIST) continue;
    if (!fd) throw failed("open", copy);
    with_context(fmt::format("'{}'", copy.string()), [&] { write_all(fd.get(), reading.text); });
    if (::fchmod(fd.get(), reading.info.st_mode & 07777U) != 0) throw failed("chmod", copy);
    if (::fsync(fd.get()) != 0) throw failed("fsync", copy);
    sync_path(copy.parent_path());
    return copy;
  }
}

void put_in_place(const fs::path& path) {
  fault::point("hosts.written");
  if (::rename(beside(path).c_str(), path.c_str()) != 0) throw failed("rename", beside(path));
  fault::point("hosts.renamed");
  sync_path(path.parent_path());
}

}  // namespace

std::optional<std::string> read_settings_file(const fs::path& path) {
  Reading reading = read_now(path);
  if (!reading.exists) return std::nullopt;
  return std::move(reading.text);
}

FileChange change_settings_file(const fs::path& named, unsigned mode, const ChangeText& change) {
  const fs::path path = behind_links(fs::absolute(named));
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    const Reading first = read_now(path);
    std::error_code none;
    const bool no_directory = !first.exists && !fs::is_directory(path.parent_path(), none);
    // What changes nothing makes nothing, not even a directory.
    const auto proposed = change(first.text);
    if (!proposed || (first.exists && *proposed == first.text)) return {};
    require_writable(path, first);
    if (no_directory) make_parent(path, fs::absolute(named));
    const DirectoryLock lock(path.parent_path());
    fault::point("hosts.locked");
    const Reading old = read_now(path);
    const auto text = change(old.text);
    if (!text || (old.exists && *text == old.text)) return {};
    require_writable(path, old);
    Cleanup remove([&path] { ::unlink(beside(path).c_str()); });
    write_beside(path, old, mode, *text);
    Reading now;
    now.info = marks_of(path, now.exists);
    if (!now.is_as(old)) continue;
    put_in_place(path);
    remove.dismiss();
    return {.changed = true, .made = !old.exists};
  }
  throw unavailable("another program keeps writing '{}': end it, then try again", path.string());
}

FileChange replace_broken_file(const fs::path& named,
                               const std::function<bool(const std::string& text)>& is_broken,
                               const std::string& text) {
  const fs::path path = behind_links(fs::absolute(named));
  const DirectoryLock lock(path.parent_path());
  fault::point("hosts.locked");
  const Reading old = read_now(path);
  if (!is_broken(old.text)) return {};  // another pyro was first
  require_writable(path, old);
  FileChange done{.changed = true};
  done.backup = copy_beside(path, old);
  fault::point("hosts.kept");
  Cleanup remove([&path] { ::unlink(beside(path).c_str()); });
  write_beside(path, old, 0600, text);
  put_in_place(path);
  remove.dismiss();
  return done;
}

void require_writable_file(const fs::path& named) {
  const fs::path path = behind_links(fs::absolute(named));
  require_writable(path, read_now(path));
}

fs::path keep_copy(const fs::path& named) {
  const fs::path path = behind_links(fs::absolute(named));
  return copy_beside(path, read_now(path));
}

DirectoryLock::DirectoryLock(const fs::path& directory)
    : fd_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (fd_ < 0) throw failed("open", directory);
  while (::flock(fd_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const Error error = failed("flock", directory);
    ::close(fd_);
    throw error;
  }
}

DirectoryLock::~DirectoryLock() { ::close(fd_); }

}  // namespace pyro::hosts
