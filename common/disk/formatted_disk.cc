#include "common/disk/formatted_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/process/child_process.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtendedOptions =
    "lazy_itable_init=1,lazy_journal_init=1,assume_storage_prezeroed=1,"
    "packed_meta_blocks=1,num_backup_sb=0";

/// Other options make another disk: a change of them needs new names of the recipes.
void format(const fs::path& file) {
  // One flex group whose metadata is packed at the start, no backup superblock and no room to grow:
  // what is left is one hole, which large files fill without a break, and a copy moves 3 extents.
  // A sparse file reads as zeros: neither inode tables nor the journal need writing, now or by the
  // guest's lazy initialisation, which would fill the file.
  run_checked({.argv = {"mke2fs",
                        "-q",
                        "-F",
                        "-t",
                        "ext4",
                        "-b",
                        "4096",
                        "-I",
                        "256",
                        "-i",
                        "16384",
                        "-m",
                        "0",
                        "-J",
                        "size=8",
                        "-G",
                        "64",
                        "-O",
                        "^resize_inode,sparse_super2,metadata_csum,64bit,dir_index",
                        "-E",
                        kExtendedOptions,
                        file.string()}},
              Clock::now() + std::chrono::seconds(60), {});
}

void make_original(const DiskRecipe& recipe, const fs::path& original) {
  const TemporaryDirectory work(original.parent_path(), "making");
  const fs::path file = work.path() / "disk";
  make_sparse_file(file, recipe.bytes);
  format(file);
  if (recipe.complete) recipe.complete(file);
  sync_path(file);
  if (::rename(file.c_str(), original.c_str()) != 0) throw system_error("rename");
}

}  // namespace

void make_sparse_file(const fs::path& file, std::uint64_t bytes) {
  const UniqueFd fd = open_file(file, O_RDWR | O_CREAT | O_EXCL);
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) {
    throw system_error(fmt::format("ftruncate '{}'", file.string()));
  }
}

void make_formatted_disk(const fs::path& cache_dir, const DiskRecipe& recipe,
                         const fs::path& file) {
  const fs::path directory = cache_dir / "disks";
  make_private_directory(directory);
  const fs::path original = directory / recipe.name;
  if (!fs::exists(original)) {
    const FileLock lock = FileLock::wait(directory / "lock");
    if (!fs::exists(original)) make_original(recipe, original);
  }
  copy_sparse(original, file);
}

}  // namespace pyro
