#include "gateway/mcp/tools/server_network.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/reasons/network.h"
#include "common/base/text.h"
#include "common/network/policy.h"

namespace pyro::mcp {
namespace {

Error more_than_given(std::string_view what) {
  return failed_precondition(
      reason::kNetworkNotAllowed,
      "this server does not give workspaces {}: only the user can allow it, for this server with "
      "`pyro mcp serve --network-policy egress --allow-domain NAME`, for one workspace with `pyro "
      "workspace network update WORKSPACE --network-policy egress --allow-domain NAME`",
      what);
}

std::vector<std::string> entries(const std::vector<std::string>& given) {
  return network::canonical({.allow = given}).allow;
}

bool contains(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

}  // namespace

void ServerNetwork::require_kind(api::NetworkPolicy wanted) const {
  if (wanted > options_.policy) {
    throw more_than_given(fmt::format("the network policy '{}'", api::name_of(wanted)));
  }
}

void ServerNetwork::require_listed(const std::vector<std::string>& domains,
                                   const std::vector<std::string>& presets) const {
  if (!lists_names()) return;
  const auto given = entries(options_.allow_domains);
  for (const auto& entry : entries(domains)) {
    if (!contains(given, entry)) throw more_than_given(fmt::format("the name '{}'", entry));
  }
  for (const auto& name : presets) {
    if (!contains(options_.allow_presets, name)) {
      throw more_than_given(fmt::format("the preset '{}'", printable(name)));
    }
  }
}

void ServerNetwork::check_cache(std::optional<bool>& wanted) const {
  if (options_.package_cache == false && wanted == true) {
    throw more_than_given("the package cache");
  }
  if (!wanted) wanted = options_.package_cache;
}

void ServerNetwork::check_create(api::CreateWorkspace& request) const {
  require_kind(request.network_policy);
  require_secret_hosts(request.secrets);
  if (request.network_policy == api::NetworkPolicy::kOff) return;
  request.host_ca = options_.host_ca;
  check_cache(request.package_cache);
  if (request.allow_domains.empty() && request.allow_presets.empty()) {
    request.allow_domains = options_.allow_domains;
    request.allow_presets = options_.allow_presets;
    return;
  }
  require_listed(request.allow_domains, request.allow_presets);
}

/// A policy that is given anew, without names, would be the whole internet.
void ServerNetwork::check_update(const api::UpdateNetwork& request) const {
  if (request.network_policy) require_kind(*request.network_policy);
  std::optional<bool> cache = request.package_cache;
  check_cache(cache);
  const bool adds = !request.allow_domains.empty() || !request.allow_presets.empty();
  const bool opens = request.network_policy && *request.network_policy != api::NetworkPolicy::kOff;
  if (adds && options_.policy == api::NetworkPolicy::kOff) throw more_than_given("more names");
  if (opens && lists_names()) throw more_than_given("more than the names on its list");
  require_listed(request.allow_domains, request.allow_presets);
}

api::NetworkRules ServerNetwork::machine_rules() const {
  if (options_.policy == api::NetworkPolicy::kOff) throw more_than_given("a network");
  return {.kind = std::min(options_.policy, api::NetworkPolicy::kEgress),
          .allow = all_entries(),
          .host_ca = options_.host_ca};
}

std::vector<std::string> ServerNetwork::all_entries() const {
  std::vector<std::string> all = options_.allow_domains;
  if (options_.allow_presets.empty()) return all;
  for (const auto& preset : presets_().named(options_.allow_presets)) {
    all.insert(all.end(), preset.allow.begin(), preset.allow.end());
  }
  return all;
}

/// A host of a secret is on the workspace's list by itself.
void ServerNetwork::require_secret_hosts(const std::vector<api::GivenSecret>& secrets) const {
  if (!lists_names()) return;
  std::vector<network::AllowEntry> given;
  for (const auto& secret : secrets) {
    for (const auto& host : secret.hosts) {
      if (given.empty()) {
        for (const auto& text : all_entries()) given.push_back(network::AllowEntry::parse(text));
      }
      const auto name = network::host_name_of(host);
      if (!name || std::none_of(given.begin(), given.end(), [&](const network::AllowEntry& entry) {
            return entry.covers_name(*name) && entry.covers_port(network::kTlsPort);
          })) {
        throw more_than_given(fmt::format("the host '{}' of a secret", printable(host)));
      }
    }
  }
}

std::string ServerNetwork::sentence(const Options& options, std::string_view whose,
                                    std::size_t most) {
  if (options.policy == api::NetworkPolicy::kOff) {
    return fmt::format(
        "{} have no network: the environment or the files must contain all that a "
        "build needs. ",
        whose);
  }
  if (options.policy == api::NetworkPolicy::kCacheOnly) {
    return fmt::format(
        "{} reach nothing but packages of npm, PyPI, Debian, crates and Go, through this host's "
        "cache, for which the package managers are set (policy cache-only). ",
        whose);
  }
  std::vector<std::string> names = options.allow_domains;
  for (const auto& preset : options.allow_presets) names.push_back("preset " + preset);
  if (names.empty()) {
    return fmt::format(
        "{} reach the public internet, never this host or private networks (policy "
        "{}). ",
        whose, api::name_of(options.policy));
  }
  return fmt::format(
      "{} reach only {} (policy {}): egress_denied of a result names what was "
      "refused, and only the user can allow more. ",
      whose, without_middle(printable(join(names, ", ")), most), api::name_of(options.policy));
}

}  // namespace pyro::mcp
