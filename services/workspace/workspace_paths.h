#pragma once

#include <fmt/core.h>

#include <filesystem>
#include <string>

#include "common/config/paths.h"

namespace pyro::workspace {

/// Where one workspace's files are, beside those of its machine.
struct WorkspacePaths {
  WorkspacePaths(const Paths& paths, const std::string& workspace_id)
      : directory(paths.workspaces_dir() / workspace_id) {}

  std::filesystem::path directory;

  /// The volume as it was before the guest saw it.
  std::filesystem::path baseline() const { return directory / "baseline.ext4"; }
  /// Values of secrets, with nothing that another process may read.
  std::filesystem::path secrets() const { return directory / "secrets"; }
  std::filesystem::path snapshots() const { return directory / "snapshots"; }
  std::filesystem::path snapshot(const std::string& name) const {
    return snapshots() / (name + ".ext4");
  }
  std::filesystem::path output() const { return directory / "output"; }
  /// The output of one session's commands.
  std::filesystem::path output(std::uint32_t session) const {
    return output() / fmt::format("{:06}", session);
  }
};

}  // namespace pyro::workspace
