#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/network/connection_log.h"
#include "common/network/package_sites.h"
#include "common/network/policy.h"
#include "services/net/gate/rules/host_routes.h"
#include "services/net/gate/rules/pins.h"

namespace pyro::gate {

class Injector;

/// What a connection has to prove in its first bytes.
enum class Proof {
  kNone,        ///< nothing; any name may be read for the log
  kServerName,  ///< TLS with one server_name, allowed and pinned to the address
  kHosts,       ///< plain HTTP/1, each request for a Host that is
  kPackages,    ///< requests to the package cache, each written anew
};

/// The answer to a destination.
struct Decision {
  std::string_view denied;  ///< why; empty: allowed
  std::string name;         ///< by which the guest learnt the address
  Proof proof = Proof::kNone;

  bool allowed() const { return denied.empty(); }
};

/// Decides by the policy: where the guest may connect, what it may ask, as what it may present
/// itself. Before the first policy nothing is allowed.
class Rules {
 public:
  /// `digest`: the name of the policy. Throws kInvalidArgument, and keeps what it had: the policy
  /// is none.
  /// `injector`: of a policy that injects.
  void set(const network::Policy& policy, const std::string& digest,
           std::shared_ptr<Injector> injector = {});
  const std::string& digest() const { return digest_; }
  /// Whose packages are at this address of the gateway's; nullptr: none that the policy gives.
  const network::PackageSite* packages_at(const Endpoint& to) const;
  bool learns() const { return policy_.learn; }
  bool lists_names() const { return policy_.lists_names(); }

  /// A destination of TCP or UDP. Asks the kernel whether it is the host's own.
  Decision decide(network::Protocol protocol, const Endpoint& to);
  /// Why the policy lets the guest reach no part of the internet; empty: it does.
  std::string_view denied_internet() const;
  /// What decide() says, by the address alone.
  std::string_view denied_address(const Address& address);

  /// Whether the name may be asked for.
  bool allows_question(std::string_view name) const;
  /// How much of an allowed name the guest chooses: what stands for a `*`. 0: an entry has it
  /// whole.
  std::size_t chosen_bytes(std::string_view name) const;
  /// Of what a connection to `to` says of itself; the reason if it is not allowed, else empty.
  std::string_view denied_server_name(std::string_view name, const Endpoint& to) const;
  std::string_view denied_host(std::string_view name, const Endpoint& to) const;
  bool allows(std::string_view name, std::uint16_t port) const;

  /// Whether TLS with that host is terminated here, at kTlsPort.
  bool is_secret_host(std::string_view name) const;
  bool injects() const { return injector_ != nullptr; }
  const std::shared_ptr<Injector>& injector() const { return injector_; }

  Pins& pins() { return pins_; }
  const Pins& pins() const { return pins_; }

 private:
  network::Policy policy_;
  std::string digest_;
  std::vector<network::AllowEntry> entries_;
  Pins pins_;
  HostRoutes routes_;
  std::shared_ptr<Injector> injector_;
};

}  // namespace pyro::gate
