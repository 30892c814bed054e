#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/config/paths.h"
#include "common/source/source.h"
#include "gateway/mcp/modes/tool_set.h"
#include "gateway/mcp/tools/host_access.h"
#include "gateway/mcp/tools/setting.h"
#include "pyro/server_options.h"

namespace pyro {
class Client;
}

namespace pyro::mcp {

/// What the calls are made by. Asked for when one needs it; what it throws is that call's answer.
struct Backend {
  std::function<Client&()> client;
  std::function<Paths()> paths;
};

/// What the tools of one server share. Nothing in it touches the stack before a call needs it.
struct Toolbox {
  ServerOptions options;
  ToolSet set;
  Setting setting;
  Backend backend;

  // Found anew by each call that needs them: the user may fix what keeps them away.

  /// What workspaces begin with when their caller names no seed; nothing: they are empty. Throws
  /// what is wrong with the source that the options name.
  std::optional<source::ProjectSource> project() const;
  HostAccess host() const;
};

}  // namespace pyro::mcp
