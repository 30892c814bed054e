#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace pyro::files {

/// Cuts a patch that git made into its sections, one per `diff --git` line, and gives each with
/// that line (without its end) to `take`. The views are valid during the call. The file is not
/// read into memory as a whole.
void for_each_section(
    const std::filesystem::path& patch,
    const std::function<void(std::string_view header, std::string_view section)>& take);

/// The section of a regular file's content as that of a symbolic link with that target.
std::string as_link_section(std::string_view section);

}  // namespace pyro::files
