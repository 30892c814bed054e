#pragma once

namespace pyro {
class CliCommand;
}

namespace pyro::cli {

class Session;

void add_workspace_shell(CliCommand& workspace, Session& session);
void add_workspace_shell_attach(CliCommand& shell, Session& session);

}  // namespace pyro::cli
