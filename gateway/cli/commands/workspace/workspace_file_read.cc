#include <fmt/format.h>

#include <cstdio>

#include "common/api/workspace_files.h"
#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/workspace_files_text.h"

namespace pyro::cli {
namespace {

struct ReadOptions {
  api::ReadFile request;
  bool content_only = false;
};

int read(Session& session, const ReadOptions& options) {
  if (session.json && options.content_only) {
    throw UsageError("--json and --content-only exclude each other");
  }
  const auto content = session.call(options.request);
  print_reply<api::FileContent>(session, content, [&options](const api::FileContent& reply) {
    return options.content_only ? reply.content : file_text(reply);
  });
  const bool part = content.truncated || !options.content_only;
  if (!session.json && part) fmt::print(stderr, "{}", file_read_note(content));
  return 0;
}

}  // namespace

void add_workspace_file_read(CLI::App& file, Session& session) {
  auto* command = file.add_subcommand("read", "Read a text file of a workspace");
  command->footer(
      "Examples:\n"
      "  pyro workspace file read 0123456789ab README.md\n"
      "  pyro workspace file read 0123456789ab src/main.c --content-only > main.c\n"
      "  pyro workspace file read 0123456789ab big.log --offset 65536 --json\n\n"
      "A relative path begins at /workspace. For files that are not UTF-8: pyro workspace export");
  auto options = std::make_shared<ReadOptions>();
  api::add_options(*command, options->request);
  command->add_flag("--content-only", options->content_only, "Print the content byte for byte");
  add_json_flag(*command, session);
  command->callback([&session, options] {
    session.action = [&session, options] { return read(session, *options); };
  });
}

}  // namespace pyro::cli
