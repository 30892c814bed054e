#pragma once

#include <filesystem>
#include <string_view>

#include "common/base/unique_fd.h"

namespace pyro::files {

/// Makes a file in git's scratch space. already_exists: there is one.
void write_scratch_file(const std::filesystem::path& path, std::string_view content);

/// The same, open at its beginning.
UniqueFd open_scratch_file(const std::filesystem::path& path, std::string_view content);

}  // namespace pyro::files
