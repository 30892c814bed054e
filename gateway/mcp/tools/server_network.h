#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/machine.h"
#include "common/api/workspace_network.h"
#include "common/network/presets.h"

namespace pyro::mcp {

/// The network policy that the person who runs a server gives its workspaces. A model may ask for
/// less, never for more.
class ServerNetwork {
 public:
  struct Options {
    api::NetworkPolicy policy = api::NetworkPolicy::kOff;
    std::vector<std::string> allow_domains{};
    std::vector<std::string> allow_presets{};
    std::optional<bool> package_cache{};
    bool host_ca = false;
  };
  /// `presets` is asked when one is needed.
  ServerNetwork(Options options, std::function<network::Presets()> presets)
      : options_(std::move(options)), presets_(std::move(presets)) {}

  /// Sets what the caller left out. A secret goes to hosts of the list alone. failed_precondition
  /// (network_not_allowed): it asks for more.
  void check_create(api::CreateWorkspace& request) const;
  void check_update(const api::UpdateNetwork& request) const;
  /// The same of a machine that asks for a network.
  template <class Request>
  void check_machine(Request& request) const {
    if (!request.network) return;
    check_cache(request.package_cache);
    request.network_rules = machine_rules();
  }

  /// `Workspaces have no network: …` in at most so many characters of names.
  static std::string sentence(const Options& options, std::string_view whose, std::size_t most);

 private:
  bool lists_names() const {
    return !options_.allow_domains.empty() || !options_.allow_presets.empty();
  }
  /// Sets what the caller left out.
  void check_cache(std::optional<bool>& wanted) const;
  void require_kind(api::NetworkPolicy wanted) const;
  void require_listed(const std::vector<std::string>& domains,
                      const std::vector<std::string>& presets) const;
  void require_secret_hosts(const std::vector<api::GivenSecret>& secrets) const;
  std::vector<std::string> all_entries() const;
  api::NetworkRules machine_rules() const;

  Options options_;
  std::function<network::Presets()> presets_;
};

}  // namespace pyro::mcp
