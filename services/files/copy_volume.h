#pragma once

#include <filesystem>

#include "common/api/files.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// Where a copy comes from and is made.
struct VolumeCopy {
  std::filesystem::path disk;       ///< of the machine; it has none in host compatibility mode
  std::filesystem::path volume;     ///< to be made
  std::filesystem::path cache_dir;  ///< of blank originals
};

/// Answers CopyVolume: a copy of the disk while the guest's file system is frozen. For a machine
/// without a disk it is a new volume of its tree. kUnavailable: the guest thawed before the end of
/// the copy.
api::TreeSize copy_volume(GuestTree& guest, const VolumeCopy& copy, const Work& work);

}  // namespace pyro::files
