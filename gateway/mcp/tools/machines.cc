#include "common/base/reasons/machine.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

template <class Op>
void opt_in(const Toolbox& box, Op& request) {
  request.allow_host_compat = request.allow_host_compat && box.options.allow_host_compat;
  box.network().check_machine(request);
}

/// Another server's machine may be one that runs on the host.
void guests_only(const Toolbox& box, api::ExecMachine& request) {
  request.guests_only = !box.options.allow_host_compat;
}

template <class Op>
void tell_that_it_is_gone(const Toolbox& box, const Op&, Json& reply, bool cut) {
  if (!cut) return;
  std::string hint = "The machine is gone with what was cut: repeat the command with less output";
  if (box.set.has("workspace_exec")) hint += ", or by workspace_exec, which keeps all of it";
  add_hint(reply, hint + ".");
}

std::string how_long_it_runs(const ToolSet& set, const Setting&) {
  return set.has("workspace_create")
             ? " It runs until timeout_seconds at most and is no job: for longer work, for files "
               "or several steps use workspace_create and workspace_exec."
             : " It runs until timeout_seconds at most. Longer work, files or several steps need "
               "a workspace: a server with the profile workspace-core has those.";
}

}  // namespace

std::vector<ToolRow> machine_tools() {
  return {
      {.operation = operation<api::RunMachine>({.check = opt_in, .finish = tell_that_it_is_gone}),
       .name = "vm_run",
       .effect = Effect::kChanges,
       .title = "Run one command in a throwaway microVM",
       .text = "Boots a fresh microVM, runs one shell command in it as root and deletes it: no "
               "file remains. For a quick check that needs no files of yours. Returns stdout, "
               "stderr (long output cut in the middle), exit_code (124 after a time-out) and "
               "duration_ms.",
       .steps = {{.reason = reason::kGuestGone, .text = kCallAgain}},
       .full_schemas_only = {"package_cache"},
       .text_end = how_long_it_runs},
      {.operation = operation<api::CreateMachine>({.check = opt_in}),
       .name = "vm_create",
       .effect = Effect::kChanges,
       .title = "Create a one-shot machine",
       .text = "Creates a machine for a single command without starting it. Returns vm_id. Next: "
               "vm_start, then vm_exec, which deletes it. vm_run does all of it at once; several "
               "commands need workspace_create."},
      {.operation = operation<api::StartMachine>(),
       .name = "vm_start",
       .effect = Effect::kChanges,
       .title = "Start a one-shot machine",
       .text = "Boots a created or stopped machine and returns once it answers. Next: vm_exec, "
               "or vm_stop.",
       .steps = {{.reason = reason::kMachineLost,
                  .has = "vm_delete",
                  .text = "vm_delete removes it; vm_create creates a new one."}}},
      {.operation =
           operation<api::ExecMachine>({.check = guests_only, .finish = tell_that_it_is_gone}),
       .name = "vm_exec",
       .effect = Effect::kChanges,
       .title = "Run the one command of a machine",
       .text = "Runs one shell command in a started machine, then deletes the machine. It runs "
               "until timeout_seconds at most, and is no job: use workspace_exec for longer "
               "work. Returns stdout, stderr, exit_code (124 after a time-out) and cleanup.",
       .steps = {{.reason = reason::kNotStarted, .has = "vm_start", .text = "vm_start starts it."},
                 {.reason = reason::kGuestGone, .has = "vm_create", .text = kMachineIsGone}}},
      {.operation = operation<api::StopMachine>(),
       .name = "vm_stop",
       .effect = Effect::kChanges,
       .title = "Stop a one-shot machine",
       .text = "Ends a machine's guest and keeps its disks. vm_start boots it again, vm_delete "
               "removes it."},
      {.operation = operation<api::DeleteMachine>(),
       .name = "vm_delete",
       .effect = Effect::kDestroys,
       .title = "Delete a one-shot machine",
       .text = "Ends a machine, also in the middle of a command, and removes every trace of it."},
      {.operation = operation<api::MachineStatus>(),
       .name = "vm_status",
       .effect = Effect::kReads,
       .title = "Describe a one-shot machine",
       .text = "Returns a machine's state, size, expiry and execution_mode."},
      {.operation = operation<api::MachineNetworkInfo>(),
       .name = "vm_network_info",
       .effect = Effect::kReads,
       .title = "Describe a machine's network",
       .text = "Returns whether a machine has a network, and its addresses; without one, the "
               "reason."},
  };
}

std::vector<ToolRow> expiry_tools() {
  return {
      {.operation = operation<api::ReapExpired>(),
       .name = "vm_reap_expired",
       .effect = Effect::kChanges,
       .title = "Delete expired machines",
       .text = "Deletes expired one-shot machines now; this also happens automatically. Returns "
               "their ids."},
  };
}

}  // namespace pyro::mcp
