#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/api/workspace_shells.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

/// Of an answer's characters those that a shell's output takes.
constexpr std::uint64_t kMostShellText = 20'000;

/// Output that takes many more characters than it has is asked for again, shorter: reading consumes
/// nothing, and next_cursor stays true.
api::ShellRead read(const Caller& caller, const api::ReadShell& asked) {
  api::ReadShell request = asked;
  for (;;) {
    auto part = caller.client.call(request, caller.options);
    if (mcp::shown_size(part.output) <= kMostShellText || request.max_chars == 1) return part;
    request.max_chars = std::min<std::uint64_t>(request.max_chars / 2, kMostShellText);
    request.wait_for_idle_ms.reset();
  }
}

void tell_more(const Toolbox&, const api::ReadShell&, Json& reply, bool) {
  if (!reply["truncated"].get<bool>()) return;
  add_hint(reply, fmt::format("There is more output: call shell_read with cursor {}.",
                              reply["next_cursor"].dump()));
}

}  // namespace

std::vector<ToolRow> shell_tools() {
  return {
      {.operation = operation<api::OpenShell>(),
       .name = "shell_open",
       .effect = Effect::kChanges,
       .title = "Open a shell",
       .text = "Opens an interactive bash (else sh) on a terminal in the workspace and returns its "
               "shell_id. It keeps its directory, variables and running programs across calls: "
               "use it for programs that ask questions, REPLs, debuggers and full-screen programs; "
               "for a single command workspace_exec is simpler. Next: shell_write, then shell_read "
               "with plain and wait_for_idle_ms; shell_close when done.",
       .full_schemas_only = {"secret_env"}},
      {.operation = operation<api::ReadShell>(
           {.call = read, .most_text = kMostShellText, .finish = tell_more}),
       .name = "shell_read",
       .effect = Effect::kReads,
       .title = "Read a shell",
       .text = "Returns what a shell printed since cursor, and next_cursor for the next read; "
               "reading consumes nothing. plain true gives it as a person sees it on the screen, "
               "without escape sequences. After shell_write give wait_for_idle_ms (300, or more "
               "for a slow program) to wait until it prints no more. state stopped: its program "
               "has ended, with exit_code."},
      {.operation = operation<api::WriteShell>(),
       .name = "shell_write",
       .effect = Effect::kChanges,
       .title = "Type into a shell",
       .text = "Types input into a shell and presses Enter (append_newline false: does not). "
               "Control characters are keys: \\u0003 is Ctrl-C, \\u0004 Ctrl-D, \\u001b Escape. "
               "Next: shell_read with the last next_cursor and wait_for_idle_ms shows what came of "
               "it."},
      {.operation = operation<api::SignalShell>(),
       .name = "shell_signal",
       .effect = Effect::kChanges,
       .title = "Signal a shell's program",
       .text = "Sends a signal to the program in the foreground of a shell, or to the shell at its "
               "prompt: INT (as Ctrl-C), TERM, HUP or KILL."},
      {.operation = operation<api::CloseShell>(),
       .name = "shell_close",
       .effect = Effect::kChanges,
       .title = "Close a shell",
       .text = "Ends a shell with all that it started, its background programs included, and "
               "forgets its output. Files remain."},
  };
}

}  // namespace pyro::mcp
