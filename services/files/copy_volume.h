#pragma once

#include <filesystem>

#include "common/api/files.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// The paths of a copy.
struct VolumeCopy {
  std::filesystem::path disk;       ///< of the machine; none in host compatibility mode
  std::filesystem::path volume;     ///< the result
  std::filesystem::path cache_dir;  ///< of blank originals
  std::uint32_t keep_free_mib = 0;  ///< on the disk of the result
};

/// Answers CopyVolume: copies the disk while the guest's file system is frozen. For a machine
/// without a disk, makes a new volume of its tree. kUnavailable: the guest thawed before the end of
/// the copy. disk_full: it would leave less than `keep_free_mib`.
api::TreeSize copy_volume(GuestTree& guest, const VolumeCopy& copy, const Work& work);

}  // namespace pyro::files
