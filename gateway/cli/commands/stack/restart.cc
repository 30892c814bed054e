#include <memory>

#include "common/base/text.h"
#include "common/stack/stack_client.h"
#include "gateway/cli/commands/stack/stack.h"
#include "gateway/cli/commands/stack/stack_text.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

int restart(Session& session, bool force) {
  session.progress().show({"restart", "services; machines go on", std::nullopt, std::nullopt});
  const std::uint32_t machines = session.stack().restart(force, session.signals().token());
  session.progress().finish();
  const auto stack =
      session.stack().status({.wait_ms = 0, .measure = true}, session.signals().token());
  print_reply<api::Stack>(session, stack.value_or(api::Stack{}), [machines](const api::Stack& now) {
    return stack_text(now) + (machines == 0 ? std::string("no machine was running\n")
                                            : fmt::format("{} running machine{} went on\n",
                                                          machines, machines == 1 ? "" : "s"));
  });
  return 0;
}

}  // namespace

void add_stack_restart(CliCommand& stack, Session& session) {
  auto& command = stack.add_command("restart", "Restart the services; machines go on");
  command.footer =
      "After an upgrade of pyro, or when this user has joined a group, the services that run are\n"
      "still the former ones. Running machines and the commands of workspaces go on, and stopped\n"
      "workspaces stay. Standby machines are made anew.\n\n"
      "Examples:\n  pyro stack restart\n  pyro stack restart --force";
  auto force = std::make_shared<bool>(false);
  command.add_flag("--force", "Cut off the calls that are under way, as `pyro run`", *force);
  add_json_flag(command, session);
  command.action = [&session, force] { return restart(session, *force); };
}

}  // namespace pyro::cli
