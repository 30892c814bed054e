#include "gateway/mcp/modes/modes.h"

namespace pyro::mcp {

ToolSet repro_fix() {
  return {
      .name = "repro-fix",
      .tools = mode_tools({"workspace_diff", "workspace_file_write", "workspace_patch_apply",
                           "workspace_reset", "workspace_sync_push"}),
      .words =
          {
              {"workspace_exec",
               "Runs the failing check, later the same check again, as root in /workspace. "
               "Returns exit_code, stdout and stderr (long output cut in the middle). After "
               "timeout_seconds it is killed (exit_code 124): raise it for builds. A command "
               "that still runs after 45 s returns state running and a job_id: follow it with "
               "workspace_exec_poll."},
              {"workspace_reset",
               "Discards every change, process and installed package and restores /workspace as "
               "it was at creation; workspace_diff is empty then. Use it when a fix leads "
               "nowhere, or to prove a fix on a clean tree: take workspace_diff first and keep "
               "its patch, reset, workspace_patch_apply, run the check. Not when that patch was "
               "cut (patch_truncated) or holds more than text (summary.non_text is not 0), since "
               "it cannot be applied then."},
          },
      .workflow =
          "Reproduce a failure, then fix it, in a disposable microVM. "
          "1. workspace_create. "
          "2. workspace_exec with the failing check: see it fail first. "
          "3. Read with workspace_file_read, fix with workspace_patch_apply or "
          "workspace_file_write. "
          "4. The same check again. "
          "5. workspace_diff: its patch is the fix. Keep it: a reset leaves nothing to compare. "
          "6. Only if that patch is whole (no patch_truncated) and is all text (summary.non_text "
          "is 0), prove it on a clean tree: workspace_reset, workspace_patch_apply with it, the "
          "check. "
          "7. workspace_export copies files to the host; workspace_delete. ",
  };
}

}  // namespace pyro::mcp
