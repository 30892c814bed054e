#include <memory>

#include "common/api/workspace_files.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/files/file.h"
#include "gateway/cli/commands/workspace/files/file_text.h"
#include "gateway/cli/commands/workspace/text_option.h"

namespace pyro::cli {

void add_workspace_file_write(CliCommand& file, Session& session) {
  auto& command = file.add_command("write", "Write a text file of a workspace");
  command.footer =
      "Examples:\n"
      "  pyro workspace file write 0123456789ab notes.txt --text 'to do'\n"
      "  pyro workspace file write 0123456789ab src/main.c --text-file main.c\n"
      "  date | pyro workspace file write 0123456789ab now.txt --text-file -\n\n"
      "Replaces the whole file, and makes missing directories above it. A relative path begins at\n"
      "/workspace. The text is UTF-8 of at most 1 MiB; for other files: pyro workspace sync push";
  auto request = std::make_shared<api::WriteFile>();
  auto text = std::make_shared<TextOption>(TextOption{"text"});
  add_request_options(command, *request, {"text"});
  add_text_option(command, *text, "The new content");
  add_call<api::WriteFile>(command, session, request, file_written_text,
                           [text](api::WriteFile& write) { write.text = text_of(*text); });
}

}  // namespace pyro::cli
