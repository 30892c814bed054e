#include "gateway/cli/commands/workspace/sync/sync.h"

#include <memory>

#include "common/api/workspace_sync.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/host_path.h"
#include "gateway/cli/commands/workspace/sync/sync_text.h"

namespace pyro::cli {
namespace {

void add_workspace_sync_push(CliCommand& sync, Session& session) {
  auto& command =
      sync.add_command("push", "Copy a directory or archive from the host into a workspace");
  command.footer =
      "Examples:\n"
      "  pyro workspace sync push 0123456789ab ./src --dest src\n"
      "  pyro workspace sync push 0123456789ab fixtures.tar.gz\n\n"
      "Adds and overwrites files, but never deletes any. Applies everything or nothing.";
  auto request = std::make_shared<api::PushSync>();
  add_request_options(command, *request);
  add_call<api::PushSync>(command, session, request, pushed_text, [](api::PushSync& push) {
    push.source_path = absolute_host_path("source_path", push.source_path);
  });
}

}  // namespace

void add_workspace_sync(CliCommand& workspace, Session& session) {
  auto& sync = workspace.add_command("sync", "Copy files from the host into a workspace");
  sync.needs_command = true;
  sync.footer = "Examples:\n  pyro workspace sync push 0123456789ab ./src --dest src";
  add_workspace_sync_push(sync, session);
}

}  // namespace pyro::cli
