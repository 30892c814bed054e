#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/mcp/tools/setting.h"
#include "pyro/server_options.h"

namespace pyro::mcp {

/// The description of a tool where a workflow needs another than the tool's own.
struct Words {
  std::string_view tool;
  std::string_view text;
};

/// Which tools a profile or a mode has, and which words it uses for them.
struct ToolSet {
  /// What the server's words call it: `repro-fix`.
  std::string_view name;
  /// A name that no tool has yet may be among them: only tools that work are advertised.
  std::vector<std::string_view> tools{};
  bool everything = false;
  std::vector<Words> words{};
  /// What instructions begin with: what a server is for, and the calls in their order.
  std::string_view workflow;

  bool has(std::string_view tool) const;
  /// Whether schemas have all that an operation takes: network policies, and secrets once they
  /// work.
  bool full_schemas() const { return everything; }
  std::optional<std::string_view> words_for(std::string_view tool) const;
};

/// The set that the options name.
ToolSet tool_set(const ServerOptions& options);

/// What the model reads before all tools. Hosts cut: at most 2,000 characters, with the workflow
/// first.
std::string instructions_of(const ToolSet& set, const Setting& setting);

}  // namespace pyro::mcp
