#pragma once

namespace pyro {
class CliCommand;
}

/// Each function adds a command below the one it is given. See gateway/cli/README.md.
namespace pyro::cli {

class Session;

void add_workspace_create(CliCommand& workspace, Session& session);
void add_workspace_list(CliCommand& workspace, Session& session);
void add_workspace_status(CliCommand& workspace, Session& session);
void add_workspace_update(CliCommand& workspace, Session& session);
void add_workspace_reset(CliCommand& workspace, Session& session);
void add_workspace_start(CliCommand& workspace, Session& session);
void add_workspace_stop(CliCommand& workspace, Session& session);
void add_workspace_delete(CliCommand& workspace, Session& session);

}  // namespace pyro::cli
