#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/base/error.h"

namespace pyro::network {

/// nginx, of which the host's package cache is made: by the setting package_cache.nginx.
std::optional<std::filesystem::path> package_cache_program(const std::string& setting);

/// failed_precondition (package_cache_missing): it is not installed, with the way out.
Error no_package_cache(const std::string& setting);

}  // namespace pyro::network
