#include "common/network/package_choice.h"

#include <utility>

#include "common/base/reasons/network.h"
#include "common/network/package_sites.h"
#include "common/process/child_process.h"

namespace pyro::network {

std::optional<std::filesystem::path> package_cache_program(const std::string& setting) {
  return find_program(setting);
}

Error no_package_cache(const std::string& setting) {
  return failed_precondition(
      reason::kPackageCacheMissing,
      "the package cache needs nginx, and '{}' is not installed: `sudo apt-get install "
      "nginx-light`, and `sudo systemctl disable --now nginx` if you want no web server of the "
      "host's own (pyro uses neither its service nor its settings)",
      setting);
}

PackageChoice choose_packages(const Policy& policy, std::optional<bool> wanted,
                              const std::string& setting) {
  const bool must = policy.kind == api::NetworkPolicy::kCacheOnly;
  if (!policy.has_network() && wanted == true) {
    throw invalid_argument(reason::kPackageCacheOutside,
                           "package_cache needs a network: network_policy cache-only, egress or "
                           "egress+published-ports");
  }
  if (must && wanted == false) {
    throw invalid_argument(reason::kPackageCacheOutside,
                           "network_policy cache-only is the package cache and nothing else: "
                           "without it say off");
  }
  PackageChoice choice;
  if (!policy.has_network()) return choice;
  if (wanted == false) {
    choice.reason = "it was not wanted";
    return choice;
  }
  std::vector<std::string> sites = package_sites_within(policy);
  if (sites.empty()) {
    choice.reason =
        "the list of names allows the registries of none of npm, pypi, debian, crates and go: "
        "allow_presets does";
    if (must || wanted) throw invalid_argument(reason::kPackageCacheOutside, "{}", *choice.reason);
    return choice;
  }
  if (!package_cache_program(setting)) {
    const Error missing = no_package_cache(setting);
    if (must || wanted) throw missing;
    choice.reason = missing.message();
    return choice;
  }
  choice.packages = std::move(sites);
  return choice;
}

}  // namespace pyro::network
