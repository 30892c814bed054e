#pragma once

#include <filesystem>

#include "common/base/unique_fd.h"
#include "services/image/store_paths.h"

namespace pyro::image {

/// A `.building.XXXXXX` directory with `scratch/` and `result/`, removed by its destructor. It is
/// locked while its owner lives, so that a collector can tell it from what a kill left behind.
class BuildDirectory {
 public:
  /// Below `parent`, which is one of the store's two directories.
  BuildDirectory(const StorePaths& paths, const std::filesystem::path& parent);
  BuildDirectory(const BuildDirectory&) = delete;
  BuildDirectory& operator=(const BuildDirectory&) = delete;
  ~BuildDirectory();

  std::filesystem::path scratch() const { return path_ / "scratch"; }
  std::filesystem::path result() const { return path_ / "result"; }

  /// False while the process that made the directory lives.
  static bool is_abandoned(const std::filesystem::path& directory);

 private:
  std::filesystem::path path_;
  UniqueFd lock_;
};

}  // namespace pyro::image
