#include "gateway/cli/commands/workspace/workspace.h"

#include "common/command_line/command.h"
#include "gateway/cli/commands/workspace/diff/diff.h"
#include "gateway/cli/commands/workspace/disk/disk.h"
#include "gateway/cli/commands/workspace/exec/exec.h"
#include "gateway/cli/commands/workspace/export/export.h"
#include "gateway/cli/commands/workspace/files/file.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/network/network.h"
#include "gateway/cli/commands/workspace/patch/patch.h"
#include "gateway/cli/commands/workspace/ports/port.h"
#include "gateway/cli/commands/workspace/services/service.h"
#include "gateway/cli/commands/workspace/shells/shell.h"
#include "gateway/cli/commands/workspace/snapshots/snapshot.h"
#include "gateway/cli/commands/workspace/summary/summary.h"
#include "gateway/cli/commands/workspace/sync/sync.h"

namespace pyro::cli {

void add_workspace(CliCommand& root, Session& session) {
  auto& workspace =
      root.add_command("workspace", "Lasting machines with files, a history and snapshots");
  workspace.needs_command = true;
  workspace.footer =
      "Examples:\n"
      "  pyro workspace create debian:12 --seed-path . --name fix-parser\n"
      "  pyro workspace exec 0123456789ab -- make test\n"
      "  pyro workspace diff 0123456789ab | git apply\n"
      "  pyro workspace delete 0123456789ab\n\n"
      "Commands take the id that create prints and list shows. The files are in /workspace. pyro\n"
      "deletes a workspace after its --ttl-seconds without activity.";
  add_workspace_create(workspace, session);
  add_workspace_list(workspace, session);
  add_workspace_status(workspace, session);
  add_workspace_exec(workspace, session);
  add_workspace_logs(workspace, session);
  add_workspace_shell(workspace, session);
  add_workspace_diff(workspace, session);
  add_workspace_summary(workspace, session);
  add_workspace_file(workspace, session);
  add_workspace_patch(workspace, session);
  add_workspace_sync(workspace, session);
  add_workspace_export(workspace, session);
  add_workspace_service(workspace, session);
  add_workspace_network(workspace, session);
  add_workspace_port(workspace, session);
  add_workspace_snapshot(workspace, session);
  add_workspace_disk(workspace, session);
  add_workspace_reset(workspace, session);
  add_workspace_update(workspace, session);
  add_workspace_start(workspace, session);
  add_workspace_stop(workspace, session);
  add_workspace_delete(workspace, session);
}

}  // namespace pyro::cli
