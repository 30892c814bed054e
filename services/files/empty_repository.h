#pragma once

#include <filesystem>
#include <string_view>

namespace pyro::files {

/// Makes the least that git takes for a bare repository: the result of `git init`, without its
/// milliseconds. `object_format` is sha1 or sha256.
void make_empty_repository(const std::filesystem::path& directory,
                           std::string_view object_format = "sha1");

}  // namespace pyro::files
