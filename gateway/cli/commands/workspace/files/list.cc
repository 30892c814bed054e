#include "common/api/workspace_files.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/files/file.h"
#include "gateway/cli/commands/workspace/files/file_text.h"

namespace pyro::cli {

void add_workspace_file_list(CliCommand& file, Session& session) {
  auto& command = file.add_command("list", "List a directory of a workspace");
  command.footer =
      "Examples:\n"
      "  pyro workspace file list 0123456789ab\n"
      "  pyro workspace file list 0123456789ab src --recursive\n\n"
      "A relative path begins at /workspace.";
  add_plain_call<api::ListFiles>(command, session, file_list_text);
}

}  // namespace pyro::cli
