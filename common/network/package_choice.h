#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/network/policy.h"

namespace pyro::network {

/// nginx, of which the host's package cache is made: by the setting package_cache.nginx.
std::optional<std::filesystem::path> package_cache_program(const std::string& setting);

/// failed_precondition (package_cache_missing): it is not installed, with the way out.
Error no_package_cache(const std::string& setting);

/// What the package cache serves a machine, and why it serves none.
struct PackageChoice {
  std::vector<std::string> packages{};
  std::optional<std::string> reason{};
};

/// By its policy; `wanted`: what its maker said, if he said something. What was asked for and
/// cannot be is refused. failed_precondition (package_cache_missing): also with cache-only.
/// invalid_argument (package_cache_outside): the policy allows none of the registries.
PackageChoice choose_packages(const Policy& policy, std::optional<bool> wanted,
                              const std::string& setting);

}  // namespace pyro::network
