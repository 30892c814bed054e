#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/field.h"

/// What the guest of a machine or a workspace may reach.
namespace pyro::api {

/// Each gives what those before it give, and more.
enum class NetworkPolicy { kOff, kCacheOnly, kEgress, kEgressPublishedPorts };
constexpr std::array<std::pair<NetworkPolicy, std::string_view>, 4> enum_names(NetworkPolicy) {
  return {{{NetworkPolicy::kOff, "off"},
           {NetworkPolicy::kCacheOnly, "cache-only"},
           {NetworkPolicy::kEgress, "egress"},
           {NetworkPolicy::kEgressPublishedPorts, "egress+published-ports"}}};
}

inline constexpr std::string_view kNetworkPolicy =
    "off, cache-only (packages of the host's cache and nothing else), egress or "
    "egress+published-ports.";
inline constexpr std::string_view kPackageCache =
    "Whether package managers of the guest use the host's package cache. Left out: where the "
    "policy "
    "allows the registries and the host has the cache.";
inline constexpr std::size_t kMostAllowEntries = 1024;
inline constexpr std::size_t kMostSecretHosts = 64;
inline constexpr std::size_t kMostPackageSites = 16;

/// With no entries `egress` is the whole public internet. `common/network` knows the rest of it.
struct NetworkRules {
  NetworkPolicy kind = NetworkPolicy::kOff;
  std::vector<std::string> allow;
  bool learn = false;
  bool host_ca = false;
  std::vector<std::string> secret_hosts;
  std::string secret_authority;
  std::string secret_file;
  std::vector<std::string> packages{};

  template <class Fields>
  static void describe(Fields& f) {
    f("kind", &NetworkRules::kind, kNetworkPolicy, kRequired);
    f("allow", &NetworkRules::allow,
      "Names that may be reached, NAME, *.NAME or either with :PORT; none: all public ones.",
      max_length(kMostAllowEntries));
    f("learn", &NetworkRules::learn, "Whether to record the names and ports that are used.");
    f("host_ca", &NetworkRules::host_ca, "Whether the guest trusts what this host trusts.");
    f("secret_hosts", &NetworkRules::secret_hosts,
      "To which the gate puts secrets into requests: names, port 443.",
      max_length(kMostSecretHosts));
    f("secret_authority", &NetworkRules::secret_authority,
      "The certificate that the guest trusts for these, as PEM.", max_length(64U << 10U));
    f("secret_file", &NetworkRules::secret_file,
      "The file with the workspace's secrets, which the gate is given the content of.",
      max_length(4096));
    f("packages", &NetworkRules::packages,
      "What the package cache serves it: npm, pypi, debian, crates, go.",
      max_length(kMostPackageSites));
  }

  /// With entries, only they may be reached.
  bool lists_names() const { return !allow.empty(); }
  bool injects() const { return !secret_hosts.empty(); }
  bool has_network() const { return kind != NetworkPolicy::kOff; }
  bool operator==(const NetworkRules&) const = default;
};

/// Of requests: a person decides it, so no schema has it.
inline constexpr std::string_view kHostCa =
    "The guest trusts the certificates that this host trusts, also those of the host's own.";

/// A connection, or a name, that a command's machine was denied.
struct EgressDenied {
  std::string name;
  std::string address;
  std::uint32_t port = 0;
  std::string reason;
  std::uint64_t count = 1;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &EgressDenied::name, "The host's name, where it is known.");
    f("address", &EgressDenied::address, "Its address; empty for a name that was not resolved.");
    f("port", &EgressDenied::port, "Its port; 0 for a name that was not resolved.");
    f("reason", &EgressDenied::reason, "Why, by name.");
    f("count", &EgressDenied::count, "How often.");
  }
};
inline constexpr std::string_view kEgressDenied =
    "What the network policy denied it. The person who runs pyro can allow it: `pyro workspace "
    "network update WORKSPACE --allow-domain NAME`.";
/// The most of one command.
inline constexpr std::size_t kMostDenied = 20;

}  // namespace pyro::api
