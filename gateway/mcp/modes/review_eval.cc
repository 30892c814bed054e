#include "gateway/mcp/modes/modes.h"

namespace pyro::mcp {

ToolSet review_eval() {
  return {
      .name = "review-eval",
      .tools = mode_tools({"workspace_diff", "workspace_reset", "shell_open", "shell_read",
                           "shell_write", "shell_signal", "shell_close", "snapshot_create",
                           "snapshot_list", "snapshot_delete"}),
      .words =
          {
              {"workspace_reset",
               "Restores /workspace from the baseline or a named snapshot in a fresh sandbox. "
               "Use it between two candidates, so that neither sees files of the other. The "
               "command history is deleted as well: note a candidate's results first."},
              {"snapshot_create",
               "Saves the current /workspace under a name: take one of each candidate, and "
               "workspace_reset restores it as often as you like."},
          },
      .workflow =
          "Judge one or several candidate changes side by side. "
          "1. workspace_create. "
          "2. snapshot_create before the first candidate. "
          "3. Apply and check a candidate with workspace_exec; workspace_diff shows what it "
          "changes; snapshot_create keeps it. What must be tried by hand runs in a shell: "
          "shell_open, shell_write, shell_read with plain and wait_for_idle_ms, shell_close. "
          "4. Note the result, since a reset deletes the command history; then workspace_reset "
          "to the snapshot before the next. "
          "5. Give your verdict from your notes; workspace_export for files; workspace_delete. ",
  };
}

}  // namespace pyro::mcp
