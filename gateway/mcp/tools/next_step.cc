#include "gateway/mcp/tools/next_step.h"

#include <optional>
#include <span>

#include "common/base/reasons/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/base/reasons/workspace.h"

namespace pyro::mcp {
namespace {

constexpr std::string_view kWorkspaceIsGone =
    "workspace_list shows the workspaces that exist; workspace_create creates a new one.";
constexpr std::string_view kShowsFiles = "workspace_file_list shows what is there.";
constexpr std::string_view kShowsState = "workspace_status shows its state.";
constexpr std::string_view kLookFirst =
    "The call may have taken effect: check before you call again.";
constexpr std::string_view kStarts = "workspace_start restarts it with its files.";
constexpr std::string_view kCreates = "workspace_create creates a new one.";

/// The steps after a failure are all said, in their order: those of the tool for its reason;
/// without any, these for its reason; without any, those for its code, in the same way.
// clang-format off
constexpr Step kSteps[] = {
  // Workspaces and machines.
  {reason::kWorkspaceGone, "workspace_list", "", kWorkspaceIsGone},
  {reason::kWorkspaceExpired, "workspace_list", "", kWorkspaceIsGone},
  {reason::kMachineGone, "vm_create", "", kMachineIsGone},
  {reason::kMachineExpired, "vm_create", "", kMachineIsGone},
  {reason::kNotStarted, "workspace_start", "", kStarts},
  {reason::kGuestGone, "workspace_start", "", kStarts},
  {reason::kGuestSilent, "workspace_exec_cancel", "",
   "The call may have taken effect: check before you call again. If the guest stays silent: "
   "workspace_exec_cancel with the job_id of a command, also an ended one, ends what it runs or "
   "left running; workspace_stop and workspace_start keep the files; workspace_reset throws the "
   "changes away."},
  {reason::kGuestOverloaded, "workspace_exec_cancel", "",
   "workspace_exec_cancel with the job_id of a command (workspace_logs), also an ended one, ends "
   "what it runs or left running; workspace_reset ends everything, and throws the changes away."},
  {reason::kAlreadyStarted, "vm_status", "", "It is already running: vm_status shows its state."},
  {reason::kMachineLost, "workspace_reset", "",
   "workspace_reset creates it again from any state, but throws away the changes made in it."},
  {reason::kMachineLost, "workspace_list", "workspace_reset", kCreates},
  {reason::kNotStopped, "workspace_stop", "",
   "workspace_stop stops it, and keeps its files; while it is started, workspace_file_list and "
   "workspace_file_read show /workspace, workspace_exec anything else."},
  {reason::kDiskDamaged, "workspace_disk_export", "",
   "Other paths may still be readable; workspace_disk_export copies the disk for the user."},
  {reason::kOvertaken, "workspace_status", "", kShowsState},
  {reason::kCommandEnded, "workspace_status", "", kShowsState},
  {reason::kWorkspaceMachine, "workspace_exec", "",
   "workspace_exec runs commands in that workspace."},
  {reason::kHostNotAllowed, "workspace_create", "",
   "workspace_create creates one where you may run commands."},
  {reason::kLimitReached, "vm_delete", "",
   "End what you made yourself and no longer need: vm_delete, workspace_delete. Others may be "
   "another session's or the user's: ask before you delete those."},
  {reason::kLimitReached, "workspace_list", "vm_delete",
   "End with workspace_delete what you made yourself and no longer need. Others in workspace_list "
   "may be another session's or the user's: ask before you delete those."},
  {reason::kLimitReached, "", "workspace_list",
   "The user frees a place with `pyro workspace list` and `pyro workspace delete`; a vm_run frees "
   "its own when it ends."},
  {reason::kNoGuest, "", "",
   "Only the user can fix this: `pyro doctor` on the host names what is missing. allow_host_compat "
   "counts only if the server was started with --allow-host-compat."},
  {reason::kWorkspaceFull, "workspace_exec", "",
   "workspace_exec with rm frees space in the workspace; or ask for less at once."},
  {reason::kDiskFull, "", "",
   "The disk of the host is full: only the user can free space there."},
  {reason::kExportsFull, "", "",
   "Ask the user which exports may go; another output_path in the project is possible meanwhile."},
  // Commands.
  {reason::kJobMissing, "workspace_logs", "",
   "workspace_logs shows the commands with their job_id."},
  {reason::kSnapshotsFull, "snapshot_delete", "", "snapshot_delete frees their space."},
  {reason::kServiceMissing, "service_list", "", "service_list shows the services."},
  {reason::kServiceRuns, "service_stop", "",
   "service_stop ends it; service_status shows how it stands."},
  {reason::kTooManyServices, "service_stop", "", "service_stop ends one."},
  {reason::kTooManyCommands, "workspace_exec_cancel", "",
   "Wait until a command has ended, or end one with workspace_exec_cancel."},
  {reason::kStillRunning, "workspace_exec_poll", "",
   "It is still running: workspace_logs shows its job_id, workspace_exec_poll follows it."},
  // Shells.
  {reason::kShellMissing, "shell_open", "",
   "It was closed, or ended with a stop or a reset: shell_open opens a new one."},
  {reason::kShellStopped, "shell_open", "",
   "Its program has ended: shell_read shows its last output, shell_open opens a new one."},
  {reason::kTooManyShells, "shell_close", "", "Close one that you no longer need: shell_close."},
  {reason::kInputNotRead, "shell_signal", "",
   "shell_read shows what runs there; shell_signal ends it."},
  // Snapshots and files.
  {reason::kSnapshotMissing, "snapshot_list", "", "snapshot_list shows those that exist."},
  {reason::kPathMissing, "workspace_file_list", "", kShowsFiles},
  {reason::kOutsideWorkspace, "workspace_file_list", "", kShowsFiles},
  {reason::kWrongFileType, "workspace_file_list", "", kShowsFiles},
  {reason::kNotChanged, "workspace_diff", "",
   "workspace_diff without path shows what has changed."},
  {reason::kChangedMeanwhile, "", "", kCallAgain},
  {reason::kHostPathRefused, "", "", "Name another path, or ask the user to allow this one."},
  // The stack. Its reasons without a row are told by their code.
  {reason::kBusy, "", "", "Call again in a moment; nothing was changed."},
  {reason::kInterrupted, "", "", kLookFirst},
  {reason::kAnswerLost, "", "", kLookFirst},
  // Codes, for a failure that has no reason of its own or one that is not above.
  {"invalid_argument", "", "", "Correct the arguments and call again; nothing was changed."},
  {"not_found", "", "",
   "Correct the argument that names it and call again; nothing was changed."},
  {"already_exists", "", "",
   "Choose another name or path and call again; nothing was changed."},
  {"failed_precondition", "", "", "Fix what it names, or ask the user to, and call again."},
  {"resource_exhausted", "", "",
   "Ask for less at once; if the host has no space left, only the user can free some."},
  {"deadline_exceeded", "", "", kLookFirst},
  {"cancelled", "", "", "Call again if it is still wanted."},
  {"unavailable", "", "",
   "Call again; if it fails again, the user should run `pyro doctor` on the host."},
  {"internal", "", "",
   "The user finds more with `pyro doctor` and `pyro stack logs` on the host."},
};
// clang-format on

/// The sentences of the steps for this reason; none when there is no such step.
std::optional<std::string> said(std::string_view reason, std::span<const Step> steps,
                                const ToolSet& set) {
  std::optional<std::string> all;
  for (const Step& step : steps) {
    if (step.reason != reason) continue;
    if (!step.has.empty() && !set.has(step.has)) continue;
    if (!step.lacks.empty() && set.has(step.lacks)) continue;
    if (!all) all.emplace();
    if (!all->empty()) *all += ' ';
    *all += step.text;
  }
  return all;
}

}  // namespace

std::string next_step(const Error& error, const std::vector<Step>& own, const ToolSet& set) {
  for (const std::string_view name : {error.reason(), to_string(error.code())}) {
    if (auto next = said(name, own, set)) return *std::move(next);
    if (auto next = said(name, kSteps, set)) return *std::move(next);
  }
  return "";
}

}  // namespace pyro::mcp
