#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "services/net/gate/rules/address.h"

namespace pyro::gate::dns {

/// The name servers of a resolv.conf(5): at most three, by the order of the file. Without any it is
/// the one of this host, as for libc.
std::vector<Endpoint> resolvers_in(std::string_view text);

/// Those of the host, read again when the file has changed: the host moves between networks.
class Resolvers {
 public:
  explicit Resolvers(std::filesystem::path file = "/etc/resolv.conf") : file_(std::move(file)) {}
  const std::vector<Endpoint>& get();

 private:
  std::filesystem::path file_;
  std::optional<struct stat> read_;
  std::vector<Endpoint> servers_;
};

}  // namespace pyro::gate::dns
