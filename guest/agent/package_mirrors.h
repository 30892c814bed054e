#pragma once

#include <filesystem>
#include <vector>

#include "common/api/agent.h"

namespace pyro::agent {

/// The settings by which the package managers of the guest use the host's package cache. Each is
/// of the least weight that its tool knows: what a project, a user or the environment variables say
/// holds, and a file that is there already is left alone.
class PackageMirrors {
 public:
  /// `root`: of the guest's files.
  explicit PackageMirrors(std::filesystem::path root = "/") : root_(std::move(root)) {}

  /// Writes those of these mirrors, and takes ours of all others away.
  void set(const std::vector<api::agent::PackageMirror>& mirrors) const;

 private:
  std::filesystem::path root_;
};

}  // namespace pyro::agent
