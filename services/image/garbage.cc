#include "services/image/garbage.h"

#include <sys/stat.h>

#include <set>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/digest/sha256.h"
#include "common/directory_lease/directory_lease.h"
#include "services/image/build_directory.h"
#include "services/image/file_errors.h"
#include "services/image/manifest.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> children(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    found.push_back(it->path());
  }
  return found;
}

/// One sweep under the store's lock; the slow removal follows without it.
class Sweeper {
 public:
  Sweeper(const StorePaths& paths, Sweep what) : paths_(paths), what_(what) {}

  Swept run() {
    {
      const FileLock store = FileLock::wait(paths_.store_lock());
      sweep_references();
      sweep_environments();
      sweep_kernels();
    }
    for (const auto& path : doomed_) {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
    return std::move(swept_);
  }

 private:
  void sweep_references() {
    for (const auto& path : children(paths_.references())) {
      const bool is_temporary = path.extension().string().starts_with(".tmp-");
      std::error_code none;
      if (!fs::is_regular_file(fs::symlink_status(path, none)) ||
          !(is_temporary || path.extension() == ".json")) {
        continue;  // nothing of pyro's
      }
      const auto reference = is_temporary ? std::nullopt : read_record<Reference>(path);
      if (reference && fs::is_directory(paths_.environment(reference->rootfs_digest))) {
        references_.emplace_back(path, *reference);
      } else {
        fs::remove(path);
      }
    }
  }

  bool is_referenced(const std::string& digest, std::string Reference::*member) const {
    for (const auto& [path, reference] : references_) {
      if (reference.*member == digest) return true;
    }
    return false;
  }

  void sweep_environments() {
    for (const auto& path : children(paths_.environments_dir)) {
      if (take_leftover(path)) continue;
      const std::string digest = path.filename();
      if (!is_sha256(digest)) continue;
      const bool referenced = is_referenced(digest, &Reference::rootfs_digest);
      if (referenced && what_ == Sweep::kGarbage) continue;
      // The lease is held until the directory has lost its name.
      const auto lease = DirectoryLease::take_for_deletion(path);
      if (!lease && fs::exists(path / DirectoryLease::kFileName)) continue;
      // The names first: none may ever stand for a directory that is not there.
      std::erase_if(references_, [&digest](const auto& named) {
        if (named.second.rootfs_digest != digest) return false;
        fs::remove(named.first);
        return true;
      });
      swept_.environment_dirs.push_back(path);
      doom(set_aside(path));
    }
  }

  void sweep_kernels() {
    for (const auto& path : children(paths_.kernels_dir)) {
      if (take_leftover(path)) continue;
      const std::string digest = path.filename();
      if (!is_sha256(digest) || is_referenced(digest, &Reference::kernel_digest)) continue;
      const auto lease = DirectoryLease::take_for_deletion(path);
      if (!lease && fs::exists(path / DirectoryLease::kFileName)) continue;
      doom(set_aside(path));
    }
  }

  /// True for a directory under construction or deletion, by any process.
  bool take_leftover(const fs::path& path) {
    const std::string name = path.filename();
    if (name.starts_with(StorePaths::kDeletingPrefix)) {
      doom(path);
      return true;
    }
    if (!name.starts_with(StorePaths::kBuildingPrefix)) return false;
    if (BuildDirectory::is_abandoned(path)) doom(set_aside(path));
    return true;
  }

  void doom(const fs::path& path) {
    swept_.freed_bytes += disk_usage(path);
    doomed_.push_back(path);
  }

  const StorePaths& paths_;
  Sweep what_;
  std::vector<std::pair<fs::path, Reference>> references_;
  std::vector<fs::path> doomed_;
  Swept swept_;
};

}  // namespace

Swept sweep(const StorePaths& paths, Sweep what) {
  return with_file_errors([&] { return Sweeper(paths, what).run(); });
}

// Out of sight at once, so that a kill in the middle of a removal leaves no half environment
// under its name.
fs::path set_aside(const fs::path& directory) {
  fs::path aside =
      directory.parent_path() / fmt::format("{}.{}", StorePaths::kDeletingPrefix, random_hex(4));
  if (::rename(directory.c_str(), aside.c_str()) != 0) {
    throw system_error(fmt::format("rename '{}'", directory.string()));
  }
  return aside;
}

void discard(const StorePaths& paths, const fs::path& directory) {
  fs::path aside;
  {
    const FileLock store = FileLock::wait(paths.store_lock());
    if (!fs::exists(directory)) return;
    aside = set_aside(directory);
  }
  std::error_code ignored;
  fs::remove_all(aside, ignored);
}

}  // namespace pyro::image
