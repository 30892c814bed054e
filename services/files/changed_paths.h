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

/// The changes since a baseline that a guest reports by its clock: paths that may differ and paths
/// that are gone, without content.
struct ChangedPaths {
  /// Files, links and other things as they are now, where something may differ.
  std::map<std::string, tree::Entry> present;
  /// Directories that are empty now and may not have been there, or not so.
  std::map<std::string, tree::Entry> empty_directories;
  /// Paths of the baseline where nothing is any more, or only a directory with something in it:
  /// files, links and empty directories.
  std::map<std::string, tree::Entry> gone;
};

/// Asks the guest, and goes through the same directories of the baseline. `.git` is left out.
/// resource_exhausted: more changed than fits in memory.
ChangedPaths find_changed_paths(GuestTree& guest, const volume::VolumeReader& baseline,
                                const Work& work);

}  // namespace pyro::files
