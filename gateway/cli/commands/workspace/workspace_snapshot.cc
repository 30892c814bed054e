#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/workspace_files_text.h"

namespace pyro::cli {
namespace {

void add_workspace_snapshot_create(CLI::App& snapshot, Session& session) {
  auto* command = snapshot.add_subcommand("create", "Keep /workspace as it is now under a name");
  command->footer("Examples:\n  pyro workspace snapshot create 0123456789ab before-upgrade");
  add_plain_call<api::CreateSnapshot>(*command, session, created_snapshot_text);
}

void add_workspace_snapshot_delete(CLI::App& snapshot, Session& session) {
  auto* command = snapshot.add_subcommand("delete", "Delete a snapshot");
  command->footer("Examples:\n  pyro workspace snapshot delete 0123456789ab before-upgrade");
  add_plain_call<api::DeleteSnapshot>(*command, session, deleted_snapshot_text);
}

void add_workspace_snapshot_list(CLI::App& snapshot, Session& session) {
  auto* command = snapshot.add_subcommand("list", "List a workspace's snapshots");
  command->footer("Examples:\n  pyro workspace snapshot list 0123456789ab");
  add_plain_call<api::ListSnapshots>(*command, session, [](const api::SnapshotList& list) {
    return snapshot_list_text(list, now_epoch_seconds());
  });
}

}  // namespace

void add_workspace_snapshot(CLI::App& workspace, Session& session) {
  auto* snapshot = workspace.add_subcommand("snapshot", "States of /workspace to come back to");
  snapshot->require_subcommand(1);
  snapshot->footer(
      "Examples:\n"
      "  pyro workspace snapshot create 0123456789ab before-upgrade\n"
      "  pyro workspace reset 0123456789ab --snapshot before-upgrade\n\n"
      "The state at creation is the snapshot baseline, which is always there.");
  add_workspace_snapshot_create(*snapshot, session);
  add_workspace_snapshot_delete(*snapshot, session);
  add_workspace_snapshot_list(*snapshot, session);
}

}  // namespace pyro::cli
