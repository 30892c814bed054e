#include "common/api/cli_options.h"
#include "common/api/environment.h"
#include "gateway/cli/commands/commands.h"
#include "gateway/cli/environment_text.h"

namespace pyro::cli {

void add_env_pull(CLI::App& env, Session& session) {
  auto* command = env.add_subcommand("pull", "Install an environment unless it is there");
  command->footer("Examples:\n  pyro env pull debian:12\n  pyro env pull debian:12-build --json");
  auto request = std::make_shared<api::PullEnvironment>();
  api::add_options(*command, *request);
  add_json_flag(*command, session);
  command->callback([&session, request] {
    session.action = [&session, request] {
      const auto environment = session.call(*request);
      print_reply<api::Environment>(session, environment, environment_text);
      return 0;
    };
  });
}

}  // namespace pyro::cli
