#include "services/net/packages/upstreams.h"

#include <array>
#include <regex>

#include "common/base/error.h"
#include "common/base/reasons/network.h"
#include "common/base/text.h"
#include "common/network/gate_protocol.h"
#include "common/network/package_sites.h"

namespace pyro::net {
namespace {

/// The address of a site as the guest has it.
std::string seen_by_guest(std::string_view site) {
  return fmt::format("http://{}:{}/", network::GuestNetwork::kGateway,
                     network::package_site_named(site)->port);
}

/// The setting, else the host's own, else the public one.
Address chosen(const std::string& setting, const std::optional<std::string>& host,
               std::string_view usual) {
  if (!setting.empty()) return Address::parse(setting);
  return Address::parse(host && !host->empty() ? *host : usual);
}

std::vector<Route> npm_routes(const PackageCacheConfig& config, const HostRegistries& host) {
  constexpr std::string_view kPublic = "https://registry.npmjs.org/";
  Route route{.prefix = "/npm/",
              .upstream = chosen(config.npm, host.npm, kPublic),
              .immutable = R"(\.tgz$)"};
  // npm takes this address, in metadata and in lock files, for "the registry that is set".
  if (route.upstream.text() != kPublic) {
    route.rewrites.emplace_back(route.upstream.text(), kPublic);
  }
  return {route};
}

std::vector<Route> pypi_routes(const PackageCacheConfig& config, const HostRegistries& host) {
  const Address index = chosen(config.pypi, host.pypi, "https://pypi.org/simple/");
  const Address files = chosen(config.pypi_files, std::nullopt, "https://files.pythonhosted.org/");
  const std::string here = seen_by_guest("pypi");
  Route simple{.prefix = "/pypi/simple/",
               .upstream = index,
               .rewrites = {{files.text(), here + "files/"}},
               .accept = "application/vnd.pypi.simple.v1+html, text/html;q=0.9"};
  std::vector<Route> routes = {{.prefix = "/pypi/files/", .upstream = files, .immutable = ".*"}};
  // The index of a mirror names files beside it: by their whole address, or from its root.
  constexpr std::string_view kEnd = "/simple/";
  if (index.host != "pypi.org" && index.path.ends_with(kEnd)) {
    Address base = index;
    base.path.resize(base.path.size() - kEnd.size() + 1);
    simple.rewrites.emplace_back(base.text(), here);
    if (base.path != "/") simple.rewrites.emplace_back("href=\"" + base.path, "href=\"/");
    routes.push_back({.prefix = "/pypi/",
                      .upstream = base,
                      .immutable = R"(\.(whl|zip|tar\.gz|tar\.bz2|metadata)$)"});
  }
  routes.push_back(simple);
  return routes;
}

std::vector<Route> debian_routes(const PackageCacheConfig& config, const HostRegistries& host) {
  constexpr const char* kForEver = R"(/pool/|/by-hash/)";
  return {{.prefix = "/debian/debian/",
           .upstream = chosen(config.debian, host.debian, "http://deb.debian.org/debian/"),
           .immutable = kForEver},
          {.prefix = "/debian/debian-security/",
           .upstream = chosen(config.debian_security, host.debian_security,
                              "http://deb.debian.org/debian-security/"),
           .immutable = kForEver}};
}

/// config.json of the index is nginx's own: it names only where the crates are.
std::vector<Route> crates_routes(const PackageCacheConfig& config, const HostRegistries& host) {
  return {
      {.prefix = "/crates/index/",
       .upstream = chosen(config.crates_index, host.crates, "https://index.crates.io/")},
      {.prefix = "/crates/crates/",
       .upstream = chosen(config.crates_files, std::nullopt, "https://static.crates.io/crates/"),
       .immutable = ".*"}};
}

std::vector<Route> go_routes(const PackageCacheConfig& config, const HostRegistries& host) {
  return {{.prefix = "/go/",
           .upstream = chosen(config.go, host.go, "https://proxy.golang.org/"),
           .immutable = R"(/@v/v[^/]+\.(info|mod|zip)$|/sumdb/.*/tile/)"}};
}

}  // namespace

Address Address::parse(std::string_view text) {
  static const std::regex pattern(
      R"re((https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/+@-]*)?)re");
  std::cmatch parts;
  const auto scheme = text.find("://");
  const auto authority = scheme == std::string_view::npos ? text : text.substr(scheme + 3);
  if (authority.substr(0, authority.find('/')).find('@') != std::string_view::npos) {
    throw invalid_argument(reason::kPackageUpstreamRefused,
                           "the registry's address holds credentials, which the package cache "
                           "does not use: any guest could read what they open");
  }
  if (text.size() > 512 ||
      !std::regex_match(text.data(), text.data() + text.size(), parts, pattern)) {
    throw invalid_argument(reason::kPackageUpstreamRefused,
                           "'{}' is no address of a registry, as https://registry.example.com/",
                           one_line(printable(std::string(text)), 200));
  }
  Address address{.tls = parts[1] == "https",
                  .host = parts[2],
                  .authority = parts[2].str() + parts[3].str(),
                  .path = parts[4].str()};
  if (!address.path.ends_with('/')) address.path += '/';
  return address;
}

std::vector<Site> find_sites(const PackageCacheConfig& config, const HostRegistries& host) {
  using Routes = std::vector<Route> (*)(const PackageCacheConfig&, const HostRegistries&);
  constexpr std::array<std::pair<std::string_view, Routes>, 5> kAll = {{{"npm", npm_routes},
                                                                        {"pypi", pypi_routes},
                                                                        {"debian", debian_routes},
                                                                        {"crates", crates_routes},
                                                                        {"go", go_routes}}};
  std::vector<Site> sites;
  for (const auto& [name, routes] : kAll) {
    Site site{.name = std::string(name), .trusted = host.authorities};
    if (name == "npm" && host.npm_authorities) site.trusted = *host.npm_authorities;
    if (name == "pypi" && host.pypi_authorities) site.trusted = *host.pypi_authorities;
    try {
      site.routes = routes(config, host);
    } catch (const Error& error) {
      site.problem = fmt::format("{}: {}", name, error.message());
    }
    sites.push_back(std::move(site));
  }
  return sites;
}

}  // namespace pyro::net
