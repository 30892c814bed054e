#pragma once

namespace pyro {
class CliCommand;
}

namespace pyro::cli {

class Session;

void add_run(CliCommand& root, Session& session);

}  // namespace pyro::cli
