#pragma once

namespace pyro {
class CliCommand;
}

/// Each function adds a command below the one it is given. See gateway/cli/README.md.
namespace pyro::cli {

class Session;

void add_env(CliCommand& root, Session& session);
void add_env_list(CliCommand& env, Session& session);
void add_env_pull(CliCommand& env, Session& session);
void add_env_inspect(CliCommand& env, Session& session);
void add_env_prune(CliCommand& env, Session& session);

}  // namespace pyro::cli
