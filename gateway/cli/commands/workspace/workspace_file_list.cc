#include "common/api/workspace_files.h"
#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/workspace_files_text.h"

namespace pyro::cli {

void add_workspace_file_list(CLI::App& file, Session& session) {
  auto* command = file.add_subcommand("list", "List a directory of a workspace");
  command->footer(
      "Examples:\n"
      "  pyro workspace file list 0123456789ab\n"
      "  pyro workspace file list 0123456789ab src --recursive\n\n"
      "A relative path begins at /workspace.");
  add_plain_call<api::ListFiles>(*command, session, file_list_text);
}

}  // namespace pyro::cli
