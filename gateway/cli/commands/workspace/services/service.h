#pragma once

#include "common/command_line/command.h"
#include "gateway/cli/session.h"

namespace pyro::cli {

void add_workspace_service(CliCommand& workspace, Session& session);

// Of the group.
void add_workspace_service_start(CliCommand& service, Session& session);
void add_workspace_service_logs(CliCommand& service, Session& session);

}  // namespace pyro::cli
