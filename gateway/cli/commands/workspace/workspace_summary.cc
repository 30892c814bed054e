#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/workspace_summary_text.h"

namespace pyro::cli {

void add_workspace_summary(CLI::App& workspace, Session& session) {
  auto* command = workspace.add_subcommand(
      "summary", "What was run, edited and changed, on one screen, in Markdown");
  command->footer(
      "Examples:\n  pyro workspace summary 0123456789ab\n"
      "  pyro workspace summary 0123456789ab --json");
  add_plain_call<api::SummarizeWorkspace>(*command, session, summary_text);
}

}  // namespace pyro::cli
