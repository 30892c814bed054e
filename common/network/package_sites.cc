#include "common/network/package_sites.h"

#include <algorithm>

namespace pyro::network {
namespace {

bool is_within(const PackageSite& site, const std::vector<AllowEntry>& allowed) {
  return std::all_of(site.hosts.begin(), site.hosts.end(), [&](std::string_view host) {
    return host.empty() ||
           std::any_of(allowed.begin(), allowed.end(), [host](const AllowEntry& entry) {
             return entry.covers_name(host) && entry.covers_port(kTlsPort);
           });
  });
}

}  // namespace

const PackageSite* package_site_named(std::string_view name) {
  const auto* found = std::find_if(kPackageSites.begin(), kPackageSites.end(),
                                   [name](const PackageSite& site) { return site.name == name; });
  return found == kPackageSites.end() ? nullptr : found;
}

const PackageSite* package_site_at(std::uint16_t port) {
  const auto* found = std::find_if(kPackageSites.begin(), kPackageSites.end(),
                                   [port](const PackageSite& site) { return site.port == port; });
  return found == kPackageSites.end() ? nullptr : found;
}

std::vector<std::string> package_sites_within(const Policy& policy) {
  std::vector<std::string> names;
  if (!policy.has_network()) return names;
  std::vector<AllowEntry> allowed;
  for (const auto& entry : policy.allow) allowed.push_back(AllowEntry::parse(entry));
  for (const PackageSite& site : kPackageSites) {
    if (allowed.empty() || is_within(site, allowed)) names.emplace_back(site.name);
  }
  return names;
}

}  // namespace pyro::network
