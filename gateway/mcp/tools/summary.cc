#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {

std::vector<ToolRow> summary_tools() {
  return {
      {.operation = operation<api::SummarizeWorkspace>(),
       .name = "workspace_summary",
       .effect = Effect::kReads,
       .title = "Summarize a workspace",
       .text = "Returns one page on the session: commands, edits, changed files, exports, "
               "snapshots. Use it to report what was done, or to resume work.",
       .leave_out = {"text_patch"}},
  };
}

}  // namespace pyro::mcp
