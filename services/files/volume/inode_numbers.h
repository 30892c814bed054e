#pragma once

#include "services/files/volume/filesystem.h"

namespace pyro::volume {

/// Allocates the free inodes of a file system in order.
class InodeNumbers {
 public:
  enum class Use { kDirectory, kOther };

  explicit InodeNumbers(const Filesystem& filesystem);
  /// resource_exhausted: none left.
  ext2_ino_t take(Use use);

 private:
  const Filesystem& filesystem_;
  ext2_ino_t capacity_;
  ext2_ino_t next_;
};

}  // namespace pyro::volume
