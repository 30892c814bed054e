#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace pyro::files {

/// Cuts a patch of git into its sections, one per `diff --git` line, and passes each with that line
/// (without its end) to `take`. The views are valid during the call. Does not read the whole file
/// into memory.
void for_each_section(
    const std::filesystem::path& patch,
    const std::function<void(std::string_view header, std::string_view section)>& take);

/// Turns the section of a regular file into that of a symbolic link with the content as its target.
std::string as_link_section(std::string_view section);

}  // namespace pyro::files
