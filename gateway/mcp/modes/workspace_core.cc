#include "gateway/mcp/modes/modes.h"

namespace pyro::mcp {

ToolSet workspace_core() {
  return {
      .name = "workspace-core",
      .tools = mode_tools({"vm_run", "workspace_diff", "workspace_file_write",
                           "workspace_patch_apply", "workspace_reset", "workspace_sync_push"}),
      .workflow =
          "Do all work on code in a disposable microVM; the user's machine does not change. "
          "1. workspace_create. "
          "2. workspace_exec to look around, build and run the tests. "
          "3. Edit with workspace_patch_apply or workspace_file_write, and run the tests again. "
          "4. workspace_diff shows the patch; workspace_export copies results to the host. "
          "5. workspace_reset starts over from the first state; workspace_delete when done. "
          "vm_run is for one command that needs no files. ",
  };
}

}  // namespace pyro::mcp
