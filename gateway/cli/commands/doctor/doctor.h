#pragma once

namespace pyro {
class CliCommand;
}

namespace pyro::cli {

class Session;

void add_doctor(CliCommand& root, Session& session);

}  // namespace pyro::cli
