#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/files/volume/filesystem.h"

namespace pyro::volume {

/// A name in a directory; `type` is an EXT2_FT_…
struct DirectoryName {
  std::string name;
  ext2_ino_t inode = 0;
  std::uint8_t type = 0;
};

/// The blocks of a directory on disk.
struct DirectoryBlocks {
  std::string blocks;
  bool indexed = false;  ///< its inode needs EXT2_INDEX_FL
};

/// Lays a directory out: in one block, or with the hash tree that the kernel uses to find a name
/// among many. kInvalidArgument: a duplicate name.
DirectoryBlocks lay_out_directory(const Filesystem& filesystem, ext2_ino_t own, ext2_ino_t parent,
                                  const std::vector<DirectoryName>& names);

}  // namespace pyro::volume
