#pragma once

#include <cstddef>
#include <string>

#include "gateway/mcp/tools/server_network.h"

namespace pyro::mcp {

/// What the words of a server depend on beside its tools.
struct Setting {
  std::string environment;       ///< what workspace_create boots by default
  std::string source{};          ///< what /workspace begins with by default; empty: nothing
  std::string source_problem{};  ///< why that cannot be told
  ServerNetwork::Options network{};
};

/// `Without seed_path /workspace is empty. `: the source or its problem in at most so many
/// characters.
std::string seeded(const Setting& setting, std::size_t most);

}  // namespace pyro::mcp
