#include "gateway/cli/commands/workspace/files/file.h"
#include "gateway/cli/commands/workspace/files/read_command.h"

namespace pyro::cli {

void add_workspace_file_read(CliCommand& file, Session& session) {
  auto& command = file.add_command("read", "Read a text file of a workspace");
  command.footer =
      "Examples:\n"
      "  pyro workspace file read 0123456789ab README.md\n"
      "  pyro workspace file read 0123456789ab src/main.c --content-only > main.c\n"
      "  pyro workspace file read 0123456789ab big.log --offset 65536 --json\n\n"
      "A relative path begins at /workspace. Of a binary file only its size is shown; "
      "--content-only and\n"
      "pyro workspace export give its bytes.";
  add_read_call<api::ReadFile>(command, session, "pyro workspace export");
}

}  // namespace pyro::cli
