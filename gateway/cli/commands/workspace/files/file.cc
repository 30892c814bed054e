#include "gateway/cli/commands/workspace/files/file.h"

#include "common/command_line/command.h"

namespace pyro::cli {

void add_workspace_file(CliCommand& workspace, Session& session) {
  auto& file = workspace.add_command("file", "List, read and write a workspace's files");
  file.needs_command = true;
  file.footer =
      "Examples:\n"
      "  pyro workspace file list 0123456789ab src\n"
      "  pyro workspace file read 0123456789ab README.md\n"
      "  pyro workspace file write 0123456789ab notes.txt --text 'to do'";
  add_workspace_file_list(file, session);
  add_workspace_file_read(file, session);
  add_workspace_file_write(file, session);
}

}  // namespace pyro::cli
