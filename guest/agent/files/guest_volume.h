#pragma once

#include <filesystem>

#include "guest/agent/files/volume.h"

namespace pyro::agent::files {

/// The machine's workspace disk.
class GuestVolume : public Volume {
 public:
  explicit GuestVolume(std::filesystem::path device = "/dev/vdc",
                       std::filesystem::path shown_at = "/workspace")
      : device_(std::move(device)), shown_at_(std::move(shown_at)) {}

  UniqueFd open() override;
  void show_tree(int top) override;
  void close(UniqueFd top) override;
  api::agent::VolumeUsage usage(int top) override;
  void freeze(int top) override;
  bool thaw(int top) noexcept override;

 private:
  const std::filesystem::path device_;
  const std::filesystem::path shown_at_;
  UniqueFd disk_;
  UniqueFd mount_;
};

}  // namespace pyro::agent::files
