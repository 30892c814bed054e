#include "services/net/gate/rules/rules.h"

#include <algorithm>

#include "common/network/gate_protocol.h"
#include "services/net/gate/rules/denial.h"

namespace pyro::gate {

using network::AllowEntry;

void Rules::set(const network::Policy& policy, const std::string& digest,
                std::shared_ptr<Injector> injector) {
  network::Policy next = network::canonical(policy);
  std::vector<AllowEntry> entries;
  for (const auto& text : next.allow) entries.push_back(AllowEntry::parse(text));
  digest_ = digest;
  policy_ = std::move(next);
  entries_ = std::move(entries);
  injector_ = std::move(injector);
}

bool Rules::is_secret_host(std::string_view name) const {
  const auto& hosts = policy_.secret_hosts;
  return injects() && std::find(hosts.begin(), hosts.end(), name) != hosts.end();
}

std::string_view Rules::denied_internet() const {
  if (policy_.kind == api::NetworkPolicy::kOff) return denial::kPolicyOff;
  if (policy_.kind == api::NetworkPolicy::kCacheOnly) return denial::kCacheOnly;
  return {};
}

std::string_view Rules::denied_address(const Address& address) {
  if (const auto why = denied_internet(); !why.empty()) return why;
  if (!address.is_public()) return denial::kNotPublic;
  if (routes_.kind_of(address) == RouteKind::kOwn) return denial::kOwnAddress;
  return {};
}

const network::PackageSite* Rules::packages_at(const Endpoint& to) const {
  static const Address kGateway = *Address::parse(network::GuestNetwork::kGateway);
  if (policy_.kind == api::NetworkPolicy::kOff || to.address != kGateway) return nullptr;
  const auto* site = network::package_site_at(to.port);
  const auto& given = policy_.packages;
  const bool is_given =
      site != nullptr && std::find(given.begin(), given.end(), site->name) != given.end();
  return is_given ? site : nullptr;
}

Decision Rules::decide(network::Protocol protocol, const Endpoint& to) {
  if (const auto* site = packages_at(to); site != nullptr && protocol == network::Protocol::kTcp) {
    return {.denied = {}, .name = std::string(site->name), .proof = Proof::kPackages};
  }
  const auto& names = pins_.names_of(to.address);
  Decision decision{.denied = denied_address(to.address),
                    .name = names.empty() ? std::string() : names.front()};
  if (!decision.allowed() || !lists_names()) return decision;
  if (protocol == network::Protocol::kUdp) {
    decision.denied = denial::kUdpNotAllowed;
    return decision;
  }
  if (names.empty()) {
    decision.denied = denial::kAddressUnknown;
    return decision;
  }
  const auto allowed = std::find_if(names.begin(), names.end(),
                                    [&](const std::string& name) { return allows(name, to.port); });
  if (allowed == names.end()) {
    const bool any = std::any_of(names.begin(), names.end(),
                                 [&](const std::string& name) { return allows_question(name); });
    decision.denied = any ? denial::kPortNotAllowed : denial::kNameNotAllowed;
    return decision;
  }
  decision.name = *allowed;
  if (to.port == network::kTlsPort) decision.proof = Proof::kServerName;
  if (to.port == network::kHttpPort) decision.proof = Proof::kHosts;
  return decision;
}

bool Rules::allows_question(std::string_view name) const {
  if (!denied_internet().empty()) return false;
  return !lists_names() ||
         std::any_of(entries_.begin(), entries_.end(),
                     [&](const AllowEntry& entry) { return entry.covers_name(name); });
}

std::size_t Rules::chosen_bytes(std::string_view name) const {
  std::size_t least = lists_names() ? name.size() : 0;
  for (const AllowEntry& entry : entries_) {
    if (entry.covers_name(name)) least = std::min(least, name.size() - entry.name.size());
  }
  return least;
}

bool Rules::allows(std::string_view name, std::uint16_t port) const {
  if (!denied_internet().empty()) return false;
  return !lists_names() ||
         std::any_of(entries_.begin(), entries_.end(), [&](const AllowEntry& entry) {
           return entry.covers_name(name) && entry.covers_port(port);
         });
}

std::string_view Rules::denied_server_name(std::string_view name, const Endpoint& to) const {
  if (!allows(name, to.port)) return denial::kServerNameNotAllowed;
  if (!pins_.has(to.address, name)) return denial::kServerNameElsewhere;
  return {};
}

std::string_view Rules::denied_host(std::string_view name, const Endpoint& to) const {
  if (!allows(name, to.port)) return denial::kHostNotAllowed;
  if (!pins_.has(to.address, name)) return denial::kHostElsewhere;
  return {};
}

}  // namespace pyro::gate
