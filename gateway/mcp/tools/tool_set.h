#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "pyro/server_options.h"

namespace pyro::mcp {

/// Which tools a profile or a mode has, and which words it uses for them. A name that no tool has
/// yet may be in it: only tools that work are advertised.
class ToolSet {
 public:
  explicit ToolSet(const ServerOptions& options);

  /// What the server's words call it: `repro-fix`.
  std::string_view name() const { return name_; }
  std::optional<ServerMode> mode() const { return mode_; }
  bool has(std::string_view tool) const;
  /// Whether schemas have all that an operation takes: network policies, and secrets once they
  /// work.
  bool full_schemas() const { return everything_; }

 private:
  std::string_view name_;
  std::optional<ServerMode> mode_;
  bool everything_ = false;
  std::set<std::string_view> tools_;
};

}  // namespace pyro::mcp
