#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/config/config.h"
#include "services/net/packages/host_registries.h"

namespace pyro::net {

/// An http or https address of a registry: checked, so that nothing in it ends a word of nginx's
/// configuration.
struct Address {
  bool tls = true;
  std::string host;
  std::string authority;  ///< host, and the port where it is not the usual one
  std::string path;       ///< begins and ends with `/`

  /// Throws kInvalidArgument (package_upstream_refused): it is none, or holds credentials.
  static Address parse(std::string_view text);
  std::string text() const { return (tls ? "https://" : "http://") + authority + path; }
};

/// A part of a site, and where it comes from.
struct Route {
  std::string prefix;  ///< of requests to the cache: `/npm/`, `/pypi/simple/`
  Address upstream;    ///< in the place of the prefix
  std::string
      immutable{};  ///< a regular expression for the rest of paths whose content is for ever
  std::vector<std::pair<std::string, std::string>> rewrites{};  ///< in bodies: from, to
  std::string accept = "*/*";
};

/// What the cache serves of one site: its routes, or why it has none.
struct Site {
  std::string name;
  std::vector<Route> routes{};
  std::filesystem::path trusted{};  ///< the certificates of authorities that it trusts
  std::string problem{};
};

/// Of all sites: by the settings, else as the host's own tools are set, else the public registries.
std::vector<Site> find_sites(const PackageCacheConfig& config, const HostRegistries& host);

}  // namespace pyro::net
