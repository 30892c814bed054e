#pragma once

#include <string>
#include <string_view>

#include "gateway/mcp/tools/tool_set.h"

/// What the model reads beside schemas and results. Hosts cut: a tool's description has at most
/// 600 characters, a server's instructions at most 2,000, with the workflow first.
namespace pyro::mcp {

/// What the words depend on beside the set of tools.
struct Setting {
  std::string environment;       ///< what workspace_create boots by default
  std::string source{};          ///< what /workspace begins with by default; empty: nothing
  std::string source_problem{};  ///< why that cannot be told
};

/// What a tool does, when to use it, what comes back and what to do next.
std::string description_of(std::string_view tool, const ToolSet& set, const Setting& setting);

std::string title_of(std::string_view tool);

std::string instructions_of(const ToolSet& set, const Setting& setting);

}  // namespace pyro::mcp
