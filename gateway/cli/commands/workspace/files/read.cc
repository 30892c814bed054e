#include <fmt/core.h>

#include <cstdio>
#include <memory>

#include "common/api/workspace_files.h"
#include "gateway/cli/commands/workspace/files/file.h"
#include "gateway/cli/commands/workspace/files/file_text.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

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
  if (options.request.as_base64 && options.content_only) {
    throw UsageError("--as-base64 and --content-only exclude each other");
  }
  api::ReadFile request = options.request;
  request.as_base64 = request.as_base64 || options.content_only;
  const auto content = session.call(request);
  print_reply<api::FileContent>(session, content, [&options](const api::FileContent& reply) {
    return options.content_only ? file_bytes(reply) : file_text(reply);
  });
  const bool part = content.truncated || !options.content_only;
  if (!session.json && part) fmt::print(stderr, "{}", file_read_note(content));
  return 0;
}

}  // namespace

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
  auto options = std::make_shared<ReadOptions>();
  add_request_options(command, options->request);
  command.add_flag("--content-only", "Print the content byte for byte", options->content_only);
  add_json_flag(command, session);
  command.action = [&session, options] { return read(session, *options); };
}

}  // namespace pyro::cli
