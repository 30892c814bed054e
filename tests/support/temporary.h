#pragma once

#include <filesystem>

#include "common/base/files.h"

namespace pyro::testing {

/// A directory of this test alone, removed with it. Short, for the sockets in it.
class TestDirectory {
 public:
  TestDirectory() : directory_(std::filesystem::temp_directory_path(), "pyro-test") {}
  std::filesystem::path operator/(std::string_view name) const { return path() / name; }
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

}  // namespace pyro::testing
