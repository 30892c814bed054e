#include "common/stack/stack_client.h"
#include "gateway/cli/commands/stack/stack.h"
#include "gateway/cli/commands/stack/stack_text.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

int status(Session& session) {
  auto stack = session.stack().status({.wait_ms = 0, .measure = true}, session.signals().token());
  if (!stack) {
    stack.emplace();
    stack->version = PYRO_VERSION;
    stack->state_dir = session.paths().state_dir.string();
    stack->runtime_dir = session.paths().runtime_dir.string();
  }
  print_reply<api::Stack>(session, *stack, stack_text);
  return 0;
}

}  // namespace

void add_stack_status(CliCommand& stack, Session& session) {
  auto& command = stack.add_command("status", "Show the stack and its services; starts nothing");
  command.footer = "Examples:\n  pyro stack status\n  pyro stack status --json";
  add_json_flag(command, session);
  command.action = [&session] { return status(session); };
}

}  // namespace pyro::cli
