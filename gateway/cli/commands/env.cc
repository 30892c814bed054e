#include "gateway/cli/commands/commands.h"

namespace pyro::cli {

void add_env(CLI::App& root, Session& session) {
  auto* env = root.add_subcommand("env", "Environments: the root file systems that machines boot");
  env->require_subcommand(1);
  env->footer("Examples:\n  pyro env list\n  pyro env pull debian:12");
  add_env_list(*env, session);
  add_env_pull(*env, session);
  add_env_inspect(*env, session);
  add_env_prune(*env, session);
}

}  // namespace pyro::cli
