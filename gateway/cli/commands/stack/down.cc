#include <string>

#include "common/stack/stack_client.h"
#include "gateway/cli/commands/stack/stack.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

int down(Session& session) {
  session.progress().show({"stop", "machines, then services", std::nullopt, std::nullopt});
  const bool ran = session.stack().down(session.signals().token());
  session.progress().finish();
  api::Stack stack;
  stack.version = PYRO_VERSION;
  stack.state_dir = session.paths().state_dir.string();
  stack.runtime_dir = session.paths().runtime_dir.string();
  print_reply<api::Stack>(session, stack, [ran](const api::Stack&) {
    return std::string(ran ? "the stack is down\n" : "no stack was running\n");
  });
  return 0;
}

}  // namespace

void add_stack_down(CliCommand& stack, Session& session) {
  auto& command = stack.add_command("down", "End all machines and the stack");
  command.footer = "Examples:\n  pyro stack down";
  add_json_flag(command, session);
  command.action = [&session] { return down(session); };
}

}  // namespace pyro::cli
