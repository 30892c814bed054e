#include <memory>

#include "common/api/environment.h"
#include "gateway/cli/commands/environment/env.h"
#include "gateway/cli/commands/environment/environment_text.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

namespace pyro::cli {

void add_env_pull(CliCommand& env, Session& session) {
  auto& command = env.add_command("pull", "Install an environment if it is missing");
  command.footer = "Examples:\n  pyro env pull debian:12\n  pyro env pull debian:12-build --json";
  auto request = std::make_shared<api::PullEnvironment>();
  add_request_options(command, *request);
  add_json_flag(command, session);
  command.action = [&session, request] {
    const auto environment = session.call(*request);
    print_reply<api::Environment>(session, environment, environment_text);
    return 0;
  };
}

}  // namespace pyro::cli
