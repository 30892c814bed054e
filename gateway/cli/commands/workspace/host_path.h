#pragma once

#include <string>
#include <string_view>

namespace pyro::cli {

/// A path on the host for a service, which has another working directory: absolute, without `.`
/// parts and a slash at the end. Keeps `..`, since a symlink may precede it. UsageError
/// `source_path must not be empty`.
std::string absolute_host_path(std::string_view field, const std::string& path);

}  // namespace pyro::cli
