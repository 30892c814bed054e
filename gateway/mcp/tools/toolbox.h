#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/config/paths.h"
#include "common/source/source.h"
#include "gateway/mcp/modes/tool_set.h"
#include "gateway/mcp/tools/host_access.h"
#include "gateway/mcp/tools/server_network.h"
#include "gateway/mcp/tools/setting.h"
#include "pyro/server_options.h"

namespace pyro {
class Client;
struct CallOptions;
}  // namespace pyro

namespace pyro::mcp {

/// The flags that say which project a server has.
source::SourceOptions source_options(const ServerOptions& options);

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
  ServerNetwork network() const;
  /// What workspaces are of: the project's path or URL, else the working directory.
  std::string project_name() const;
  /// failed_precondition (other_project): neither of this project nor handed over.
  void require_visible(const std::string& workspace_id, Client& client,
                       const CallOptions& options) const;

  /// What this server has seen to be of its project, which does not change.
  struct Seen {
    std::mutex mutex;
    std::set<std::string> ids;
  };
  std::shared_ptr<Seen> seen = std::make_shared<Seen>();
};

}  // namespace pyro::mcp
