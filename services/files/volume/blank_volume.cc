#include "services/files/volume/blank_volume.h"

#include "common/config/volume.h"
#include "common/disk/formatted_disk.h"
#include "services/files/volume/inode.h"

namespace pyro::volume {
namespace {

/// A change of what is in the original, or of how disks are formatted, needs another name.
constexpr std::string_view kVolumeRecipe = "workspace-1.ext4";

void add_directory(const Filesystem& filesystem, const char* name, std::uint32_t mode) {
  check(ext2fs_mkdir(filesystem, EXT2_ROOT_INO, 0, name), "mkdir");
  const ext2_ino_t number = filesystem.lookup(EXT2_ROOT_INO, name);
  Inode inode = read_inode(filesystem, number);
  inode.fields.i_mode = static_cast<std::uint16_t>(LINUX_S_IFDIR | mode);
  inode.fields.i_uid = 0;
  inode.fields.i_gid = 0;
  write_inode(filesystem, number, inode);
}

void add_directories(const std::filesystem::path& file) {
  Filesystem filesystem(file, Filesystem::Access::kWrite);
  check(ext2fs_read_bitmaps(filesystem), "read bitmaps");
  add_directory(filesystem, kTreeName.data(), 0755);
  add_directory(filesystem, ".pyro", 0700);
  filesystem.close();
}

}  // namespace

void make_blank_volume(const std::filesystem::path& cache_dir, const std::filesystem::path& file) {
  make_formatted_disk(
      cache_dir, {.name = kVolumeRecipe, .bytes = kWorkspaceDiskBytes, .complete = add_directories},
      file);
}

}  // namespace pyro::volume
