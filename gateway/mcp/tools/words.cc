#include "gateway/mcp/tools/words.h"

#include <fmt/format.h>

#include "common/base/text.h"

namespace pyro::mcp {
namespace {

struct Words {
  std::string_view tool;
  std::string_view title;
  std::string_view text;
};

// clang-format off
constexpr Words kWords[] = {
  {"vm_run", "Run one command in a throwaway microVM",
   "Boots a fresh microVM, runs one shell command in it as root and deletes it: no file stays. For a "
   "quick check that needs no files of yours. Returns stdout, stderr (long output cut in the middle), "
   "exit_code (124 after a time-out) and duration_ms."},
  {"vm_create", "Create a one-shot machine",
   "Makes a machine for a single command without starting it. Returns vm_id. Next: vm_start, then "
   "vm_exec, which deletes it. vm_run does all of it at once; several commands need workspace_create."},
  {"vm_start", "Start a one-shot machine",
   "Boots a created or stopped machine and returns once it answers. Next: vm_exec, or vm_stop."},
  {"vm_exec", "Run the one command of a machine",
   "Runs one shell command in a started machine, then deletes the machine. It runs until "
   "timeout_seconds at most, and is no job: longer work belongs into workspace_exec. Returns stdout, "
   "stderr, exit_code (124 after a time-out) and cleanup."},
  {"vm_stop", "Stop a one-shot machine",
   "Ends a machine's guest and keeps its disks. vm_start boots it again, vm_delete removes it."},
  {"vm_delete", "Delete a one-shot machine",
   "Ends a machine, also in the middle of a command, and removes every trace of it."},
  {"vm_status", "Describe a one-shot machine",
   "Tells a machine's state, its size, when it expires, and how it runs (execution_mode)."},
  {"vm_network_info", "Describe a machine's network",
   "Tells whether a machine has a network and its addresses; without one, why."},
  {"vm_list_environments", "List environments",
   "Lists the environments that machines and workspaces can boot, like debian:12, with what they "
   "hold and whether they are installed. One that is not is installed on first use, which takes "
   "about a minute."},
  {"vm_reap_expired", "Delete expired machines",
   "Deletes the one-shot machines past their lifetime now, which also happens by itself. Returns "
   "their ids."},
  {"workspace_create", "Create a workspace",
   "Makes a disposable microVM with its own /workspace and starts it; the host stays untouched. Returns "
   "workspace_id, which every other tool takes. It is deleted ttl_seconds after the last command or "
   "change in it. Next: workspace_exec."},
  {"workspace_list", "List workspaces",
   "Lists the workspaces that exist, the most recently used first, with id, name, state and "
   "expires_at. To find yours again. Those of other sessions and of the person are there too: leave "
   "them as they are."},
  {"workspace_update", "Name or label a workspace",
   "Sets or clears a workspace's name and labels, so that it is found again in workspace_list, and "
   "puts off its expiry. Returns the workspace."},
  {"workspace_status", "Describe a workspace",
   "Tells a workspace's state, what it began with, its last command and, when something went wrong, "
   "last_error."},
  {"workspace_logs", "Read the command history",
   "Returns every command since the last reset with exit_code, stdout and stderr (long output cut in "
   "the middle; workspace_exec_poll with the entry's job_id gives all of it). Running ones are there "
   "too."},
  {"workspace_summary", "Summarize a workspace",
   "Returns one page on the session: commands, edits, changed files, exports, snapshots. Use it to "
   "report what was done, or to take up work again."},
  {"workspace_start", "Start a stopped workspace",
   "Boots a stopped workspace again with everything on its disks as it was. Returns the workspace."},
  {"workspace_stop", "Stop a workspace",
   "Ends a workspace's guest and its running commands; files, history and snapshots stay. "
   "workspace_start brings it back."},
  {"workspace_delete", "Delete a workspace",
   "Ends a workspace and removes every trace of it: files, history, snapshots. Export first what is "
   "to be kept. Do it when the work is done, since only a few may exist at once."},
  {"workspace_diff", "Show what was changed",
   "Compares /workspace with its state at creation. Returns entries with path and status, and one "
   "patch that `git apply` takes. Long patches are cut: call again with path for one entry whole, or "
   "with offset for further entries."},
  {"workspace_exec", "Run a command in a workspace",
   "Runs a shell command as root in /workspace. Returns exit_code, stdout and stderr (long output "
   "cut in the middle). After timeout_seconds it is killed (exit_code 124): raise it for builds and "
   "tests. What still runs after 45 s comes back with state running and a job_id: it goes on; follow "
   "it with workspace_exec_poll. Background processes live on; other calls may go on beside it."},
  {"workspace_exec_poll", "Follow a running command",
   "Waits up to wait_seconds for a command to end and returns what it printed since cursor. While "
   "state is running, call again with cursor = next_cursor. While more is true there is more to read "
   "at once; cursor = newest_cursor skips to its end. Reading consumes nothing: cursor 0 reads from "
   "the beginning, also after its end."},
  {"workspace_exec_cancel", "End a running command",
   "Ends a command that still runs, with all its processes; what it printed is kept. Returns its "
   "state. One that has ended is left as it is."},
  {"workspace_sync_push", "Copy host files into a workspace",
   "Copies a directory or tar archive of the host into /workspace (or dest below it). Adds and "
   "overwrites, deletes nothing, applies whole or not at all. To bring later changes of the host "
   "into a workspace that exists."},
  {"workspace_export", "Copy a result to the host",
   "Copies a file or directory of /workspace to output_path on the host, which must not exist yet; "
   "a .git directory is left out. The only way a result leaves the workspace, apart from a diff that "
   "the person applies."},
  {"workspace_file_list", "List files",
   "Lists a directory below /workspace, with type and size of each entry; recursive lists all below "
   "it. For large trees workspace_exec with git ls-files or find is shorter."},
  {"workspace_file_read", "Read a file",
   "Reads a text file below /workspace, max_bytes from offset on. When truncated is true, call again "
   "with offset = next_offset."},
  {"workspace_file_write", "Write a file",
   "Writes a whole text file below /workspace, atomically; makes missing directories. For small "
   "changes in large files use workspace_patch_apply. Next: run the check again."},
  {"workspace_patch_apply", "Apply a patch",
   "Applies a unified diff to /workspace: all of it or nothing. Context must match; a hunk found at "
   "another line is applied and reported. No renames, no binary. On a mismatch read the file again and make the "
   "patch anew."},
  {"workspace_reset", "Reset a workspace",
   "Throws away the whole sandbox (processes, /tmp, installed packages, command history) and "
   "restores /workspace from the baseline or a named snapshot. Takes a moment, works from any state. "
   "Use it to retry from a clean state."},
  {"snapshot_create", "Take a snapshot",
   "Keeps /workspace as it is now under a name, so that workspace_reset can come back to it."},
  {"snapshot_list", "List snapshots",
   "Lists what workspace_reset can restore: the baseline, then the named snapshots by age."},
  {"snapshot_delete", "Delete a snapshot",
   "Deletes a named snapshot. The baseline cannot be deleted."},
};
// clang-format on

/// Words of a mode whose workflow differs.
struct ModeWords {
  ServerMode mode;
  std::string_view tool;
  std::string_view text;
};

// clang-format off
constexpr ModeWords kModeWords[] = {
  {ServerMode::kReproFix, "workspace_exec",
   "Runs the failing check, later the same check again, as root in /workspace. Returns exit_code, "
   "stdout and stderr (long output cut in the middle). After timeout_seconds it is killed (exit_code "
   "124): raise it for builds. What still runs after 45 s comes back with state running and a job_id: "
   "follow it with workspace_exec_poll."},
  {ServerMode::kReproFix, "workspace_reset",
   "Throws away every change, process and installed package and restores /workspace as it was at "
   "creation; workspace_diff is empty then. Use it when a fix leads nowhere, or to prove a fix on a "
   "clean tree: take workspace_diff first and keep its patch, reset, workspace_patch_apply, run the "
   "check. Not when that patch was cut (patch_truncated) or holds more than text (summary.non_text "
   "is not 0), since it cannot be applied then."},
  {ServerMode::kInspect, "workspace_exec",
   "Runs a command that looks at the code (git log, grep, a build, a test) as root in /workspace. "
   "Returns exit_code, stdout and stderr (long output cut in the middle). After timeout_seconds it is killed "
   "(exit_code 124). What still runs after 45 s comes back with state running and a job_id: follow it "
   "with workspace_exec_poll."},
  {ServerMode::kInspect, "workspace_export",
   "Copies a file or directory of /workspace, such as a report you wrote there, to output_path on "
   "the host, which must not exist yet."},
  {ServerMode::kColdStart, "workspace_exec",
   "Runs one step of the project's set-up (install, build, check) as root in /workspace. Returns exit_code, "
   "stdout and stderr (long output cut in the middle). After timeout_seconds it is killed (exit_code "
   "124): raise it for installs. What still runs after 45 s comes back with state running and a "
   "job_id: follow it with workspace_exec_poll."},
  {ServerMode::kColdStart, "workspace_reset",
   "Restores the untouched project in a fresh sandbox: no installed package, process or file of the "
   "attempt stays. Use it to prove that the steps you found work from nothing."},
  {ServerMode::kReviewEval, "workspace_reset",
   "Restores /workspace from the baseline or a named snapshot in a fresh sandbox. Use it between two "
   "candidates, so that neither sees what the other left. The command history goes as well: note a "
   "candidate's results first."},
  {ServerMode::kReviewEval, "snapshot_create",
   "Keeps /workspace as it is now under a name: take one of each candidate, and workspace_reset comes "
   "back to it as often as you like."},
};
// clang-format on

const Words* words_for(std::string_view tool) {
  for (const auto& words : kWords) {
    if (words.tool == tool) return &words;
  }
  return nullptr;
}

// clang-format off
constexpr std::string_view kOneCommand =
    "vm_run boots a fresh microVM, runs one shell command as root and deletes it. Each call starts "
    "from nothing: put all steps into one command, with && between them. Machines have no network: "
    "what is needed must be in the environment. debian:12 has bash, coreutils, git and python3; "
    "debian:12-build a C and C++ toolchain as well. A command runs until timeout_seconds at most. ";
constexpr std::string_view kAnyWork =
    "Do all work on code in a disposable microVM; the person's machine stays untouched. "
    "1. workspace_create. "
    "2. workspace_exec to look around, build and run the tests. "
    "3. Edit with workspace_patch_apply or workspace_file_write, and run the tests again. "
    "4. workspace_diff shows the patch; workspace_export copies results to the host. "
    "5. workspace_reset starts over from the first state; workspace_delete when done. "
    "vm_run is for one command that needs no files. ";
constexpr std::string_view kReproFix =
    "Reproduce a failure, then fix it, in a disposable microVM. "
    "1. workspace_create. "
    "2. workspace_exec with the failing check: see it fail first. "
    "3. Read with workspace_file_read, fix with workspace_patch_apply or workspace_file_write. "
    "4. The same check again. "
    "5. workspace_diff: its patch is the fix. Keep it: a reset leaves nothing to compare. "
    "6. Only if that patch came whole (no patch_truncated) and is all text (summary.non_text is 0), "
    "prove it on a clean tree: workspace_reset, workspace_patch_apply with it, the check. "
    "7. workspace_export gives files to the person; workspace_delete. ";
constexpr std::string_view kInspect =
    "Study a repository in a disposable microVM without a risk to the host. "
    "1. workspace_create. "
    "2. workspace_exec (git log, grep, builds, tests), workspace_file_list and workspace_file_read. "
    "3. Report what you found; a report that you wrote to a file leaves by workspace_export. "
    "4. workspace_delete. ";
constexpr std::string_view kColdStart =
    "Find out how a project is set up from nothing. "
    "1. workspace_create. "
    "2. workspace_file_read its README and manifests. "
    "3. workspace_exec step by step: install, build, check. "
    "4. workspace_reset and run the steps that you found once more, to prove them. "
    "5. workspace_summary for the report; workspace_export for files; workspace_delete. ";
constexpr std::string_view kReviewEval =
    "Judge one or several candidate changes side by side. "
    "1. workspace_create. "
    "2. snapshot_create before the first candidate. "
    "3. Apply and check a candidate with workspace_exec; workspace_diff shows what it changes; "
    "snapshot_create keeps it. "
    "4. Note what came of it, since a reset takes the command history with it; then workspace_reset "
    "to the snapshot before the next. "
    "5. Give your verdict from your notes; workspace_export for files; workspace_delete. ";

constexpr std::string_view kJobs =
    "A command that runs longer than 45 s comes back with state running and a job_id and goes on: "
    "follow it with workspace_exec_poll, end it with workspace_exec_cancel. ";
constexpr std::string_view kLimits =
    "Workspaces have no network: what a build needs must be in the environment or come with the "
    "files. They are deleted ttl_seconds (600 unless you say more) after the last command or change; "
    "looking at them does not count. ";
constexpr std::string_view kOnErrors = "On an error read its text: it says what to do next.";
// clang-format on

std::string_view workflow(const ToolSet& set) {
  if (!set.mode()) return set.has("workspace_create") ? kAnyWork : kOneCommand;
  switch (*set.mode()) {
    case ServerMode::kReproFix:
      return kReproFix;
    case ServerMode::kInspect:
      return kInspect;
    case ServerMode::kColdStart:
      return kColdStart;
    case ServerMode::kReviewEval:
      return kReviewEval;
  }
  return "";
}

std::string seeded(const Setting& setting, std::size_t most) {
  if (!setting.source_problem.empty()) {
    return fmt::format("Without seed_path it fails: {}. ",
                       without_middle(setting.source_problem, most));
  }
  if (setting.source.empty()) return "Without seed_path /workspace is empty. ";
  return fmt::format("Without seed_path /workspace begins with {}. ",
                     without_middle(setting.source, most));
}

}  // namespace

std::string title_of(std::string_view tool) {
  const Words* words = words_for(tool);
  return words == nullptr ? std::string(tool) : std::string(words->title);
}

std::string description_of(std::string_view tool, const ToolSet& set, const Setting& setting) {
  const Words* words = words_for(tool);
  if (words == nullptr) return "";
  std::string text(words->text);
  for (const auto& of_mode : kModeWords) {
    if (of_mode.mode == set.mode() && of_mode.tool == tool) text = of_mode.text;
  }
  if (tool == "workspace_create") {
    text += fmt::format(" Default environment: {}. {}", without_middle(setting.environment, 60),
                        seeded(setting, 180));
    text.pop_back();
  }
  if (tool == "vm_run") {
    text +=
        set.has("workspace_create")
            ? " It runs until timeout_seconds at most and is no job: for longer work, for files "
              "or several steps use workspace_create and workspace_exec."
            : " It runs until timeout_seconds at most. Longer work, files or several steps need "
              "a workspace: a server with the profile workspace-core has those.";
  }
  return text;
}

std::string instructions_of(const ToolSet& set, const Setting& setting) {
  std::string text(workflow(set));
  if (set.has("workspace_create")) {
    text += kJobs;
    text += seeded(setting, 400);
    text += fmt::format("Default environment: {}. ", without_middle(setting.environment, 100));
    text += kLimits;
  }
  return text.append(kOnErrors);
}

}  // namespace pyro::mcp
