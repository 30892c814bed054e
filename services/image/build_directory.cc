#include "services/image/build_directory.h"

#include <fcntl.h>
#include <sys/file.h>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;

bool lock_directory(const UniqueFd& fd) { return ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0; }

}  // namespace

BuildDirectory::BuildDirectory(const StorePaths& paths, const fs::path& parent) {
  // A collector holds the same lock, so it never meets the directory before we have locked it.
  const FileLock store = FileLock::wait(paths.store_lock());
  TemporaryDirectory made(parent, StorePaths::kBuildingPrefix);
  lock_ = open_file(made.path(), O_RDONLY | O_DIRECTORY);
  if (!lock_directory(lock_)) throw system_error(fmt::format("flock '{}'", made.path().string()));
  for (const char* part : {"scratch", "result"}) {
    make_private_directory(made.path() / part);
  }
  path_ = made.path();
  made.release();
}

BuildDirectory::~BuildDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

bool BuildDirectory::is_abandoned(const fs::path& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  return fd && lock_directory(fd);
}

}  // namespace pyro::image
