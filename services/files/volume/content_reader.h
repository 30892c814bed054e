#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "services/files/volume/inode.h"

namespace pyro::volume {

/// Passes on the content of a file (or of a link outside its inode) in pieces of at most 64 KiB;
/// holes are zeros, unless `hole` takes their lengths.
void read_content(const Filesystem& filesystem, ext2_ino_t number, const Inode& inode,
                  const std::function<void(std::string_view)>& take,
                  const std::function<void(std::uint64_t)>& hole = {});

}  // namespace pyro::volume
