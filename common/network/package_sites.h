#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/network/policy.h"

namespace pyro::network {

/// What the host's package cache serves. Each has a port of the gateway's address in the guest,
/// where its registry begins at `/`: no tool of any of them has to carry a prefix along.
struct PackageSite {
  std::string_view name;
  std::uint16_t port = 0;
  /// The public names of its registry: who may reach all of them may have it from the cache.
  std::array<std::string_view, 2> hosts{};
};

inline constexpr std::array<PackageSite, 5> kPackageSites = {
    {{"npm", 4861, {"registry.npmjs.org"}},
     {"pypi", 4862, {"pypi.org", "files.pythonhosted.org"}},
     {"debian", 4863, {"deb.debian.org", "security.debian.org"}},
     {"crates", 4864, {"index.crates.io", "static.crates.io"}},
     {"go", 4865, {"proxy.golang.org"}}}};

/// nullptr: there is none.
const PackageSite* package_site_named(std::string_view name);
const PackageSite* package_site_at(std::uint16_t port);

/// Those whose registry the policy lets the guest reach anyway; of cache-only all.
std::vector<std::string> package_sites_within(const Policy& policy);

}  // namespace pyro::network
