#pragma once

#include <string>
#include <string_view>

namespace pyro::cli {

/// A path on the host as a service, which has another working directory, must be told it:
/// absolute, without `.` parts and without a slash at its end. `..` stays, since a symlink may
/// stand before it. UsageError `source_path must not be empty`.
std::string absolute_host_path(std::string_view field, const std::string& path);

}  // namespace pyro::cli
