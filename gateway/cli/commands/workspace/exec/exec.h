#pragma once

namespace pyro {
class CliCommand;
}

/// Each function adds a command below the one it is given. See gateway/cli/README.md.
namespace pyro::cli {

class Session;

void add_workspace_exec(CliCommand& workspace, Session& session);
void add_workspace_logs(CliCommand& workspace, Session& session);

}  // namespace pyro::cli
