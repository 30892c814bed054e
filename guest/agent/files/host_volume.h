#pragma once

#include <filesystem>

#include "guest/agent/files/volume.h"

namespace pyro::agent::files {

/// A directory of the host in host mode; jobs use the real path of `tree`.
class HostVolume : public Volume {
 public:
  /// "": there is no workspace.
  explicit HostVolume(std::filesystem::path directory) : directory_(std::move(directory)) {}

  UniqueFd open() override;
  void show_tree(int) override {}
  void close(UniqueFd) override;
  api::agent::VolumeUsage usage(int top) override;
  void freeze(int) override;
  bool thaw(int) noexcept override { return false; }

 private:
  const std::filesystem::path directory_;
};

}  // namespace pyro::agent::files
