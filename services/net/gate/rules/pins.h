#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/net/gate/rules/address.h"

namespace pyro::gate {

/// By which names the guest learnt an address from our answers. Of kMostAddresses the one that was
/// learnt longest ago makes room: the guest asks for its name again.
class Pins {
 public:
  static constexpr std::size_t kMostAddresses = 4096;
  static constexpr std::size_t kMostNames = 16;

  explicit Pins(std::size_t most_addresses = kMostAddresses) : most_(most_addresses) {}

  void add(const Address& address, std::string_view name);
  /// The last learnt first; empty: never answered.
  const std::vector<std::string>& names_of(const Address& address) const;
  bool has(const Address& address, std::string_view name) const;
  /// Whether any address has it.
  bool knows(std::string_view name) const { return known_.contains(std::string(name)); }

 private:
  void forget(const std::string& name);

  struct Pin {
    Address address;
    std::vector<std::string> names;
  };
  std::size_t most_;
  std::list<Pin> pins_;  ///< the last learnt first
  std::unordered_map<Address, std::list<Pin>::iterator> at_;
  std::unordered_map<std::string, std::size_t> known_;  ///< of how many addresses
};

}  // namespace pyro::gate
