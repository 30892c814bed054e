#include "common/api/cli_options.h"
#include "common/api/environment.h"
#include "gateway/cli/commands/commands.h"
#include "gateway/cli/environment_text.h"

namespace pyro::cli {

void add_env_inspect(CLI::App& env, Session& session) {
  auto* command = env.add_subcommand("inspect", "Show one environment");
  command->footer("Examples:\n  pyro env inspect debian:12");
  auto request = std::make_shared<api::InspectEnvironment>();
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
