#include "gateway/cli/commands/workspace/patch/patch.h"

#include <memory>

#include "common/api/workspace_patch.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/patch/patch_text.h"
#include "gateway/cli/commands/workspace/text_option.h"

namespace pyro::cli {
namespace {

void add_workspace_patch_apply(CliCommand& patch, Session& session) {
  auto& command = patch.add_command("apply", "Apply a unified diff to a workspace's files");
  command.footer =
      "Examples:\n"
      "  pyro workspace patch apply 0123456789ab --patch-file fix.patch\n"
      "  git diff | pyro workspace patch apply 0123456789ab --patch-file -\n\n"
      "Applies the whole patch or nothing. A patch is UTF-8 text of at most 1 MiB.";
  auto request = std::make_shared<api::ApplyPatch>();
  auto text = std::make_shared<TextOption>(TextOption{"patch"});
  add_request_options(command, *request, {"patch"});
  add_text_option(command, *text, "The patch");
  add_call<api::ApplyPatch>(command, session, request, patch_applied_text,
                            [text](api::ApplyPatch& apply) { apply.patch = text_of(*text); });
}

}  // namespace

void add_workspace_patch(CliCommand& workspace, Session& session) {
  auto& patch = workspace.add_command("patch", "Change a workspace's files with a patch");
  patch.needs_command = true;
  patch.footer = "Examples:\n  pyro workspace patch apply 0123456789ab --patch-file fix.patch";
  add_workspace_patch_apply(patch, session);
}

}  // namespace pyro::cli
