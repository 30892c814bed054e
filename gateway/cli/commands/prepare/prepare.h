#pragma once

namespace pyro {
class CliCommand;
}

namespace pyro::cli {

class Session;

void add_prepare(CliCommand& root, Session& session);

}  // namespace pyro::cli
