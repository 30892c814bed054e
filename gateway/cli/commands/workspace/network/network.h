#pragma once

namespace pyro {
class CliCommand;
}

namespace pyro::cli {

class Session;

void add_workspace_network(CliCommand& workspace, Session& session);

}  // namespace pyro::cli
