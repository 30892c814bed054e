#include "services/vm/boot/guest_network.h"

#include "common/api/agent.h"
#include "common/api/agent_trust.h"
#include "common/base/files.h"
#include "common/certificates/host_store.h"
#include "common/certificates/pem.h"
#include "common/fault/fault.h"
#include "common/link/agent_client.h"
#include "common/network/gate_protocol.h"
#include "common/network/package_sites.h"
#include "services/vm/boot/shim_control.h"

namespace pyro::vm {
namespace {

using network::GuestNetwork;

api::agent::ConfigureNetwork addresses(const control::Network& network,
                                       const api::NetworkRules& rules) {
  api::agent::ConfigureNetwork wanted{
      .addresses = {{.address = std::string(GuestNetwork::kAddress),
                     .prefix_bits = GuestNetwork::kPrefixBits,
                     .gateway = std::string(GuestNetwork::kGateway)}},
      .name_server = std::string(GuestNetwork::kGateway),
      .mtu = GuestNetwork::kMtu};
  if (network.ipv6) {
    wanted.addresses.push_back({.address = std::string(GuestNetwork::kAddress6),
                                .prefix_bits = GuestNetwork::kPrefixBits6,
                                .gateway = std::string(GuestNetwork::kGateway6)});
  }
  for (const auto& name : rules.packages) {
    const auto* site = network::package_site_named(name);
    if (site == nullptr) continue;
    wanted.package_mirrors.push_back(
        {.site = name, .address = std::string(GuestNetwork::kGateway), .port = site->port});
  }
  return wanted;
}

api::agent::TrustCertificates trusted(const api::NetworkRules& rules) {
  api::agent::TrustCertificates wanted;
  if (!rules.has_network()) return wanted;
  if (rules.host_ca) wanted.certificates = host_certificates();
  if (rules.injects()) {
    for (auto& one : certificates_in(rules.secret_authority)) {
      wanted.certificates.push_back(std::move(one));
    }
    if (!rules.host_ca) wanted.public_ones = host_certificates();
  }
  return wanted;
}

}  // namespace

control::Network describe_guest_network(const MachinePaths& paths, const Limit& limit,
                                        const Work& work) {
  return limit.run(work, [&](const Work& brief) {
    return ShimControl(paths.control_socket).call(control::DescribeNetwork{}, brief);
  });
}

void prepare_guest_network(const MachinePaths& paths, const api::NetworkRules& rules,
                           const Work& work) {
  if (rules.has_network()) make_private_directory(paths.network_directory());
  ShimControl(paths.control_socket)
      .call(control::PrepareNetwork{.policy = rules,
                                    .directory = paths.network_directory().string(),
                                    .package_cache = paths.package_cache_socket.string()},
            work);
}

void start_standby_gate(const MachinePaths& paths, const Limit& limit, const Work& work) {
  const api::NetworkRules nothing{.kind = api::NetworkPolicy::kEgress,
                                  .allow = {"standby.invalid"}};
  make_private_directory(paths.network_directory());
  limit.run(work, [&](const Work& brief) {
    ShimControl(paths.control_socket)
        .call(control::PrepareNetwork{.policy = nothing,
                                      .directory = paths.network_directory().string(),
                                      .package_cache = paths.package_cache_socket.string(),
                                      .wait = true},
              brief);
  });
}

void rehearse_network(const MachinePaths& paths, const Limit& limit, const Work& work) {
  limit.run(work, [&](const Work& brief) {
    auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kPort, brief);
    agent.call(addresses({}, {}), brief);
    agent.call(api::agent::ConfigureNetwork{}, brief);
  });
}

void set_guest_network(const MachinePaths& paths, const api::NetworkRules& rules,
                       const Limit& limit, const Work& work) {
  if (rules.has_network()) make_private_directory(paths.network_directory());
  limit.run(work, [&](const Work& brief) {
    const control::Network network =
        ShimControl(paths.control_socket)
            .call(control::SetNetwork{.policy = rules,
                                      .directory = paths.network_directory().string(),
                                      .package_cache = paths.package_cache_socket.string()},
                  brief);
    fault::point("vm.network.attached");
    auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kPort, brief);
    agent.call(rules.has_network() ? addresses(network, rules) : api::agent::ConfigureNetwork{},
               brief);
    agent.call(trusted(rules), brief);
    fault::point("vm.network.trusted");
  });
}

}  // namespace pyro::vm
