#pragma once

namespace pyro {
class CliCommand;
}

/// Each function adds a command below the one it is given. See gateway/cli/README.md.
namespace pyro::cli {

class Session;

void add_stack(CliCommand& root, Session& session);
void add_stack_up(CliCommand& stack, Session& session);
void add_stack_down(CliCommand& stack, Session& session);
void add_stack_restart(CliCommand& stack, Session& session);
void add_stack_status(CliCommand& stack, Session& session);
void add_stack_logs(CliCommand& stack, Session& session);

}  // namespace pyro::cli
