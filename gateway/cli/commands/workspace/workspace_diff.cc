#include "common/api/workspace_diff.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "common/base/text.h"
#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/workspace_files_text.h"

namespace pyro::cli {
namespace {

/// As it is for `git apply`; on a terminal without what would steer it.
std::string patch_text(const api::Diff& diff) {
  return ::isatty(STDOUT_FILENO) == 1 ? printable(diff.patch) : diff.patch;
}

int diff(Session& session, const api::DiffWorkspace& request) {
  const auto reply = session.call(request);
  print_reply<api::Diff>(session, reply, patch_text);
  if (!session.json) fmt::print(stderr, "{}", diff_note(reply));
  return 0;
}

}  // namespace

void add_workspace_diff(CLI::App& workspace, Session& session) {
  auto* command =
      workspace.add_subcommand("diff", "Show how /workspace differs from its state at creation");
  command->footer(
      "Examples:\n"
      "  pyro workspace diff 0123456789ab\n"
      "  pyro workspace diff 0123456789ab | git apply\n"
      "  pyro workspace diff 0123456789ab --path src/main.c\n"
      "  pyro workspace diff 0123456789ab --json\n\n"
      "The patch is on standard output; how much changed and what the patch does not show, on\n"
      "standard error.");
  auto request = std::make_shared<api::DiffWorkspace>();
  api::add_options(*command, *request);
  add_json_flag(*command, session);
  command->callback([&session, request] {
    session.action = [&session, request] { return diff(session, *request); };
  });
}

}  // namespace pyro::cli
