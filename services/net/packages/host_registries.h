#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace pyro::net {

/// Where the host's settings are read.
struct HostSurroundings {
  std::filesystem::path root = "/";
  std::filesystem::path home{};
  std::function<std::optional<std::string>(const char* name)> variable{};

  /// Those of this process.
  static HostSurroundings own();
};

/// The registries that the host's own tools are set to use, and whom they trust: companies and
/// mirrors. Only addresses are read. Tokens and passwords of these files are not: a guest could use
/// them by asking the cache.
struct HostRegistries {
  std::optional<std::string> npm{};
  std::optional<std::string> pypi{};    ///< an index, `…/simple`
  std::optional<std::string> debian{};  ///< an archive, `…/debian`
  std::optional<std::string> debian_security{};
  std::optional<std::string> crates{};  ///< a sparse index
  std::optional<std::string> go{};
  std::optional<std::string> npm_authorities{};
  std::optional<std::string> pypi_authorities{};
  std::filesystem::path authorities{};  ///< of the system; empty: none was found

  static HostRegistries read(const HostSurroundings& host);
};

}  // namespace pyro::net
