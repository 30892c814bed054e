#include "services/files/volume/inode_numbers.h"

#include "common/base/error.h"
#include "common/base/reasons/files.h"

namespace pyro::volume {

InodeNumbers::InodeNumbers(const Filesystem& filesystem)
    : filesystem_(filesystem),
      capacity_(filesystem->super->s_free_inodes_count),
      next_(EXT2_FIRST_INO(filesystem->super)) {}

ext2_ino_t InodeNumbers::take(Use use) {
  const ext2_ino_t last = filesystem_->super->s_inodes_count;
  ext2_ino_t number = 0;
  const errcode_t found = next_ > last ? ENOENT
                                       : ext2fs_find_first_zero_inode_bitmap2(
                                             filesystem_->inode_map, next_, last, &number);
  if (found == ENOENT) {
    throw resource_exhausted(
        reason::kTooLarge,
        "the seed does not fit: a workspace holds at most {} files and directories", capacity_);
  }
  check(found, "find a free inode");
  ext2fs_inode_alloc_stats2(filesystem_, number, +1, use == Use::kDirectory ? 1 : 0);
  next_ = number + 1;
  return number;
}

}  // namespace pyro::volume
