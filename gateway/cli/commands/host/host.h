#pragma once

namespace pyro {
class CliCommand;
}

/// Each function adds a command below the one it is given. See gateway/cli/README.md.
namespace pyro::cli {

class Session;

void add_host(CliCommand& root, Session& session);
void add_host_connect(CliCommand& host, Session& session);
void add_host_print_config(CliCommand& host, Session& session);
void add_host_doctor(CliCommand& host, Session& session);
void add_host_repair(CliCommand& host, Session& session);
void add_host_disconnect(CliCommand& host, Session& session);

}  // namespace pyro::cli
