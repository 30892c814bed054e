#include "common/api/workspace_patch.h"

#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/text_option.h"
#include "gateway/cli/workspace_files_text.h"

namespace pyro::cli {
namespace {

void add_workspace_patch_apply(CLI::App& patch, Session& session) {
  auto* command = patch.add_subcommand("apply", "Apply a unified diff to a workspace's files");
  command->footer(
      "Examples:\n"
      "  pyro workspace patch apply 0123456789ab --patch-file fix.patch\n"
      "  git diff | pyro workspace patch apply 0123456789ab --patch-file -\n\n"
      "All of it is applied or nothing. It is UTF-8 of at most 1 MiB.");
  auto request = std::make_shared<api::ApplyPatch>();
  auto text = std::make_shared<TextOption>(TextOption{"patch"});
  api::add_options(*command, *request, {"patch"});
  add_text_option(*command, *text, "The patch");
  add_call<api::ApplyPatch>(*command, session, request, patch_applied_text,
                            [text](api::ApplyPatch& apply) { apply.patch = text_of(*text); });
}

}  // namespace

void add_workspace_patch(CLI::App& workspace, Session& session) {
  auto* patch = workspace.add_subcommand("patch", "Change a workspace's files by a patch");
  patch->require_subcommand(1);
  patch->footer("Examples:\n  pyro workspace patch apply 0123456789ab --patch-file fix.patch");
  add_workspace_patch_apply(*patch, session);
}

}  // namespace pyro::cli
