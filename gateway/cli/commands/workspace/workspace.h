#pragma once

namespace pyro {
class CliCommand;
}

namespace pyro::cli {

class Session;

void add_workspace(CliCommand& root, Session& session);

}  // namespace pyro::cli
