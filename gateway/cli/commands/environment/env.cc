#include "gateway/cli/commands/environment/env.h"

#include "common/command_line/command.h"

namespace pyro::cli {

void add_env(CliCommand& root, Session& session) {
  auto& env = root.add_command("env", "Environments: the root file systems that machines boot");
  env.needs_command = true;
  env.footer = "Examples:\n  pyro env list\n  pyro env pull debian:12";
  add_env_list(env, session);
  add_env_pull(env, session);
  add_env_inspect(env, session);
  add_env_prune(env, session);
}

}  // namespace pyro::cli
