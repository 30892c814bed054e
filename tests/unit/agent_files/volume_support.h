#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "guest/agent/files/host_volume.h"
#include "guest/agent/files/workspace.h"
#include "tests/support/temporary.h"

namespace pyro::agent::files {

/// A mounted workspace in a directory of the test.
class VolumeTest : public ::testing::Test {
 protected:
  VolumeTest() { workspace_.mount(); }

  std::filesystem::path tree() const { return directory_ / "workspace/tree"; }
  std::filesystem::path staging() const { return directory_ / "workspace/.pyro/staging"; }

  static void put(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }

  pyro::testing::TestDirectory directory_;
  HostVolume volume_{directory_ / "workspace"};
  Workspace workspace_{volume_};
};

}  // namespace pyro::agent::files
