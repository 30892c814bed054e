#include "gateway/cli/commands/workspace/diff/diff.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "common/api/workspace_diff.h"
#include "common/base/text.h"
#include "gateway/cli/commands/workspace/diff/diff_text.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

/// Unchanged for `git apply`; on a terminal without control characters.
std::string patch_text(const api::Diff& diff) {
  return ::isatty(STDOUT_FILENO) == 1 ? printable(diff.patch) : diff.patch;
}

/// All parts, one after the other; for the note only what it needs of each is kept.
int diff(Session& session, api::DiffWorkspace request) {
  api::Diff whole = session.call(request);
  print_reply<api::Diff>(session, whole, patch_text);
  if (session.json) return 0;
  while (whole.truncated) {
    request.offset = static_cast<std::uint32_t>(*whole.next_offset);
    api::Diff part = session.call(request);
    print_reply<api::Diff>(session, part, patch_text);
    for (auto& entry : part.entries) {
      if (entry.text_patch) entry.text_patch->clear();
      whole.entries.push_back(std::move(entry));
    }
    for (auto& path : part.patch_omits) whole.patch_omits.push_back(std::move(path));
    whole.truncated = part.truncated;
    whole.next_offset = part.next_offset;
  }
  fmt::print(stderr, "{}", diff_note(whole));
  return 0;
}

}  // namespace

void add_workspace_diff(CliCommand& workspace, Session& session) {
  auto& command =
      workspace.add_command("diff", "Show how /workspace differs from its state at creation");
  command.footer =
      "Examples:\n"
      "  pyro workspace diff 0123456789ab\n"
      "  pyro workspace diff 0123456789ab | git apply\n"
      "  pyro workspace diff 0123456789ab --path src/main.c\n"
      "  pyro workspace diff 0123456789ab --ignored\n"
      "  pyro workspace diff 0123456789ab --json\n\n"
      "In a Git repository it leaves out what the ignore rules there leave out, unless Git tracks "
      "it.\n"
      "Prints the patch on standard output, and totals and omissions on standard error.";
  auto request = std::make_shared<api::DiffWorkspace>();
  add_request_options(command, *request, {"include_ignored"});
  command.add_flag("--ignored", "Also what .gitignore leaves out, such as build output",
                   request->include_ignored);
  add_json_flag(command, session);
  command.action = [&session, request] { return diff(session, *request); };
}

}  // namespace pyro::cli
