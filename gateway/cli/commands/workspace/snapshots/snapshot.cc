#include "gateway/cli/commands/workspace/snapshots/snapshot.h"

#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/snapshots/snapshot_text.h"

namespace pyro::cli {
namespace {

void add_workspace_snapshot_create(CliCommand& snapshot, Session& session) {
  auto& command = snapshot.add_command("create", "Save the current /workspace under a name");
  command.footer = "Examples:\n  pyro workspace snapshot create 0123456789ab before-upgrade";
  add_plain_call<api::CreateSnapshot>(command, session, created_snapshot_text);
}

void add_workspace_snapshot_delete(CliCommand& snapshot, Session& session) {
  auto& command = snapshot.add_command("delete", "Delete a snapshot");
  command.footer = "Examples:\n  pyro workspace snapshot delete 0123456789ab before-upgrade";
  add_plain_call<api::DeleteSnapshot>(command, session, deleted_snapshot_text);
}

void add_workspace_snapshot_list(CliCommand& snapshot, Session& session) {
  auto& command = snapshot.add_command("list", "List a workspace's snapshots");
  command.footer = "Examples:\n  pyro workspace snapshot list 0123456789ab";
  add_plain_call<api::ListSnapshots>(command, session, [](const api::SnapshotList& list) {
    return snapshot_list_text(list, now_epoch_seconds());
  });
}

}  // namespace

void add_workspace_snapshot(CliCommand& workspace, Session& session) {
  auto& snapshot = workspace.add_command("snapshot", "Saved states of /workspace");
  snapshot.needs_command = true;
  snapshot.footer =
      "Examples:\n"
      "  pyro workspace snapshot create 0123456789ab before-upgrade\n"
      "  pyro workspace reset 0123456789ab --snapshot before-upgrade\n\n"
      "The snapshot baseline holds the state at creation, and always exists.";
  add_workspace_snapshot_create(snapshot, session);
  add_workspace_snapshot_delete(snapshot, session);
  add_workspace_snapshot_list(snapshot, session);
}

}  // namespace pyro::cli
