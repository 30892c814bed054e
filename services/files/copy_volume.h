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

/// Answers CopyVolume: a copy of the disk while the guest's file system is frozen. Of a machine
/// without a disk it is a new volume of what is in its tree.
/// kUnavailable: the guest did not stay frozen for as long as the copy took.
api::TreeSize copy_volume(GuestTree& guest, const VolumeCopy& copy, const Work& work);

}  // namespace pyro::files
