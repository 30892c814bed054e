#include "services/vm/disks.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/process/child_process.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

void make_sparse_file(const fs::path& file, std::uint64_t bytes) {
  const UniqueFd fd = open_file(file, O_RDWR | O_CREAT | O_EXCL);
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) {
    throw system_error(fmt::format("ftruncate '{}'", file.string()));
  }
}

/// Part of the name: a change of the options below makes a new original.
constexpr std::string_view kRecipe = "system-1.ext4";

void format_original(const fs::path& original) {
  const TemporaryDirectory work(original.parent_path(), "making-system");
  const fs::path file = work.path() / "disk";
  make_sparse_file(file, kSystemDiskBytes);
  // A sparse file reads as zeros: neither inode tables nor the journal need writing, now or by the
  // guest's lazy initialisation, which would fill the file.
  run_checked({.argv = {"mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-J", "size=8", "-E",
                        "lazy_itable_init=1,lazy_journal_init=1,assume_storage_prezeroed=1",
                        file.string()}},
              Clock::now() + std::chrono::seconds(60), {});
  sync_path(file);
  if (::rename(file.c_str(), original.c_str()) != 0) throw system_error("rename");
}

}  // namespace

void make_system_disk(const fs::path& cache_dir, const fs::path& file) {
  const fs::path directory = cache_dir / "disks";
  make_private_directory(directory);
  const fs::path original = directory / kRecipe;
  if (!fs::exists(original)) {
    const FileLock lock = FileLock::wait(directory / "lock");
    if (!fs::exists(original)) format_original(original);
  }
  copy_sparse(original, file);
}

std::string_view system_disk_recipe() { return kRecipe; }

void make_blank_workspace_disk(const fs::path& file) {
  make_sparse_file(file, kWorkspaceDiskBytes);
}

}  // namespace pyro::vm
