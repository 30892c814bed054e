#include "gateway/cli/commands/workspace/patch/patch.h"

#include <memory>

#include "common/api/workspace_patch.h"
#include "common/command_line/usage_error.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/patch/patch_text.h"
#include "gateway/cli/commands/workspace/text_option.h"

namespace pyro::cli {
namespace {

void take_patch(const TextOption& given, api::ApplyPatch& apply) {
  apply.patch_bytes.data = bytes_of(given);
  if (apply.patch_bytes.data.empty()) throw UsageError("patch must not be empty");
}

void add_workspace_patch_apply(CliCommand& patch, Session& session) {
  auto& command = patch.add_command("apply", "Apply a unified diff to a workspace's files");
  command.footer =
      "Examples:\n"
      "  pyro workspace patch apply 0123456789ab --patch-file fix.patch\n"
      "  git diff | pyro workspace patch apply 0123456789ab --patch-file -\n\n"
      "Applies the whole patch or nothing: what git apply takes, and patches whose hunks miscount\n"
      "or have no numbers. A file may have 16 MiB in any encoding, text on the command line 1 MiB.";
  auto request = std::make_shared<api::ApplyPatch>();
  auto text = std::make_shared<TextOption>(
      TextOption{.field = "patch", .file_limit = api::kPatchFileLimit});
  add_request_options(command, *request, {"patch", "patch_file"});
  add_text_option(command, *text, "The patch");
  add_call<api::ApplyPatch>(command, session, request, patch_applied_text,
                            [text](api::ApplyPatch& apply) { take_patch(*text, apply); });
}

}  // namespace

void add_workspace_patch(CliCommand& workspace, Session& session) {
  auto& patch = workspace.add_command("patch", "Change a workspace's files with a patch");
  patch.needs_command = true;
  patch.footer = "Examples:\n  pyro workspace patch apply 0123456789ab --patch-file fix.patch";
  add_workspace_patch_apply(patch, session);
}

}  // namespace pyro::cli
