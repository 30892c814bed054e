#include "common/directory_lease/directory_lease.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// Never creates the file: a directory without it is no complete one.
UniqueFd open_lease(const fs::path& directory) {
  return UniqueFd(
      ::open((directory / DirectoryLease::kFileName).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
}

bool lock(const UniqueFd& fd, int operation) {
  while (::flock(fd.get(), operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw system_error("flock");
  }
  return true;
}

/// A deletion renames the directory away while it holds the lock: a lock that was won after that
/// is one on a file that no longer has this name.
bool still_there(const UniqueFd& fd, const fs::path& directory) {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd.get(), &held) == 0 &&
         ::stat((directory / DirectoryLease::kFileName).c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

}  // namespace

DirectoryLease DirectoryLease::take(const fs::path& directory) {
  UniqueFd fd = open_lease(directory);
  if (!fd || !lock(fd, LOCK_SH) || !still_there(fd, directory)) {
    throw not_found(reason::kBusy, "directory '{}' was deleted meanwhile: try again",
                    directory.string());
  }
  return DirectoryLease(std::move(fd));
}

std::optional<DirectoryLease> DirectoryLease::take_for_deletion(const fs::path& directory) {
  UniqueFd fd = open_lease(directory);
  if (!fd || !lock(fd, LOCK_EX) || !still_there(fd, directory)) return std::nullopt;
  return DirectoryLease(std::move(fd));
}

void DirectoryLease::prepare(const fs::path& directory) {
  open_file(directory / kFileName, O_WRONLY | O_CREAT, 0644);
}

}  // namespace pyro
