#include <algorithm>

#include "common/base/reasons/stack.h"
#include "common/stack/stack_client.h"
#include "gateway/cli/commands/stack/stack.h"
#include "gateway/cli/commands/stack/stack_text.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

/// The time limit for a service to become ready, including some restarts.
constexpr std::chrono::seconds kSettleLimit{60};

int up(Session& session) {
  session.stack().ensure_running(session.signals().token());
  const auto stack = session.stack().status(
      {.wait_ms = std::chrono::milliseconds(kSettleLimit).count(), .measure = true},
      session.signals().token());
  if (!stack) {
    throw unavailable(reason::kStackNotStarted,
                      "the stack ended while it was starting: see `pyro stack logs`");
  }
  const auto down = std::find_if(
      stack->services.begin(), stack->services.end(),
      [](const auto& service) { return service.state != api::ServiceState::kRunning; });
  const bool failed = down != stack->services.end();
  // A failed command prints one JSON document, the error.
  if (!failed || !session.json) print_reply<api::Stack>(session, *stack, stack_text);
  if (!failed) return 0;
  throw unavailable(reason::kServiceFailed,
                    "service '{}' is {}: see `pyro stack logs --service {}`", down->name,
                    api::name_of(down->state), down->name);
}

}  // namespace

void add_stack_up(CliCommand& stack, Session& session) {
  auto& command = stack.add_command("up", "Start the stack, and wait until it is ready");
  command.footer = "Examples:\n  pyro stack up\n  pyro stack up --set stack.idle_exit_seconds=0";
  add_json_flag(command, session);
  command.action = [&session] { return up(session); };
}

}  // namespace pyro::cli
