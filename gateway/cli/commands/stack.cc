#include "gateway/cli/commands/commands.h"

namespace pyro::cli {

void add_stack(CLI::App& root, Session& session) {
  auto* stack = root.add_subcommand("stack", "The supervised services behind every command");
  stack->require_subcommand(1);
  stack->footer("Examples:\n  pyro stack status\n  pyro stack logs --service vm --follow");
  add_stack_up(*stack, session);
  add_stack_down(*stack, session);
  add_stack_status(*stack, session);
  add_stack_logs(*stack, session);
}

}  // namespace pyro::cli
