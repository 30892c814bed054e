#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/guest_tree.h"
#include "services/files/volume/volume_reader.h"

namespace pyro::files {

/// The changes since a baseline by the guest's clock: paths that may differ and missing paths,
/// without content.
struct ChangedPaths {
  /// The current files, links and other entries that may differ.
  std::map<std::string, tree::Entry> present;
  /// Empty directories that may be new or changed.
  std::map<std::string, tree::Entry> empty_directories;
  /// Files, links and empty directories of the baseline that are missing now, or replaced by a
  /// non-empty directory.
  std::map<std::string, tree::Entry> gone;
};

/// Asks the guest, and compares with the same directories of the baseline. Leaves out `.git`.
/// resource_exhausted: more changes than fit in memory.
ChangedPaths find_changed_paths(GuestTree& guest, const volume::VolumeReader& baseline,
                                const Work& work);

}  // namespace pyro::files
