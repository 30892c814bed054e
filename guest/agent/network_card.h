#pragma once

#include <string>

#include "common/api/agent.h"

namespace pyro::agent {

/// The guest's network card, without tools of the environment: the kernel's netlink, and the file
/// of the resolver.
class NetworkCard {
 public:
  NetworkCard(std::string name, std::string resolver_file)
      : name_(std::move(name)), resolver_file_(std::move(resolver_file)) {}

  /// invalid_argument: an address is none.
  void configure(const api::agent::ConfigureNetwork& wanted) const;

 private:
  void set_name_server(const std::string& name_server) const;

  std::string name_;
  std::string resolver_file_;
};

}  // namespace pyro::agent
