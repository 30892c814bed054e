#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "services/net/packages/upstreams.h"

namespace pyro::net {

/// Where names are resolved.
struct NameServers {
  std::vector<std::string> addresses{};        ///< of resolv.conf
  std::map<std::string, std::string> known{};  ///< of /etc/hosts: name, address

  static NameServers read(const std::filesystem::path& root = "/");
};

struct NginxSettings {
  std::filesystem::path socket;     ///< where it listens; it inherits the socket
  std::filesystem::path directory;  ///< its own
  std::uint32_t size_gib = 10;
  std::uint32_t keep_free_mib = 256;
  std::vector<Site> sites;
  NameServers names;

  std::filesystem::path content() const { return directory / "content"; }
  std::filesystem::path temporary() const { return directory / "temporary"; }
  std::filesystem::path config_file() const { return directory / "nginx.conf"; }
  std::filesystem::path pid_file() const { return temporary() / "nginx.pid"; }
};

/// The configuration of the nginx that is the package cache. What it sends to a registry, and what
/// it stores that under, depends on the fixed address and the request's path alone, and of npm's
/// metadata on which of two forms it is.
std::string nginx_config(const NginxSettings& settings);

}  // namespace pyro::net
