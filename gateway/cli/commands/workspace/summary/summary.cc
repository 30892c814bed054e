#include "gateway/cli/commands/workspace/summary/summary.h"

#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/summary/summary_text.h"

namespace pyro::cli {

void add_workspace_summary(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command(
      "summary", "What was run, edited and changed, on one screen, in Markdown");
  command.footer =
      "Examples:\n  pyro workspace summary 0123456789ab\n"
      "  pyro workspace summary 0123456789ab --json";
  add_plain_call<api::SummarizeWorkspace>(command, session, summary_text);
}

}  // namespace pyro::cli
