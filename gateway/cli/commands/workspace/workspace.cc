#include "gateway/cli/commands/commands.h"
#include "gateway/cli/commands/workspace/workspace_commands.h"

namespace pyro::cli {

void add_workspace(CLI::App& root, Session& session) {
  auto* workspace = root.add_subcommand(
      "workspace", "Machines that live on, with files, a history and snapshots");
  workspace->require_subcommand(1);
  workspace->footer(
      "Examples:\n"
      "  pyro workspace create debian:12 --seed-path . --name fix-parser\n"
      "  pyro workspace exec 0123456789ab -- make test\n"
      "  pyro workspace diff 0123456789ab | git apply\n"
      "  pyro workspace delete 0123456789ab\n\n"
      "A workspace is named by the id that create prints and list shows. Its files are in\n"
      "/workspace. It is deleted once nothing was done in it for its --ttl-seconds.");
  add_workspace_create(*workspace, session);
  add_workspace_list(*workspace, session);
  add_workspace_status(*workspace, session);
  add_workspace_exec(*workspace, session);
  add_workspace_logs(*workspace, session);
  add_workspace_diff(*workspace, session);
  add_workspace_summary(*workspace, session);
  add_workspace_file(*workspace, session);
  add_workspace_patch(*workspace, session);
  add_workspace_sync(*workspace, session);
  add_workspace_export(*workspace, session);
  add_workspace_snapshot(*workspace, session);
  add_workspace_reset(*workspace, session);
  add_workspace_update(*workspace, session);
  add_workspace_start(*workspace, session);
  add_workspace_stop(*workspace, session);
  add_workspace_delete(*workspace, session);
}

}  // namespace pyro::cli
