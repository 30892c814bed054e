#include "gateway/cli/commands/stack/stack.h"

#include "common/command_line/command.h"

namespace pyro::cli {

void add_stack(CliCommand& root, Session& session) {
  auto& stack = root.add_command("stack", "The supervised services behind every command");
  stack.needs_command = true;
  stack.footer = "Examples:\n  pyro stack status\n  pyro stack logs --service vm --follow";
  add_stack_up(stack, session);
  add_stack_down(stack, session);
  add_stack_restart(stack, session);
  add_stack_status(stack, session);
  add_stack_logs(stack, session);
}

}  // namespace pyro::cli
