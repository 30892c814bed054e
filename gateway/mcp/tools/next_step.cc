#include "gateway/mcp/tools/next_step.h"

namespace pyro::mcp {
namespace {

/// Of a tool whose failures of one kind have a way out of their own.
struct Step {
  ErrorCode code;
  std::string_view failed;
  std::string_view helper;  ///< the tool that it sends to
  std::string_view text;
};

constexpr std::string_view kShowsFiles = "workspace_file_list shows what is there.";
constexpr std::string_view kShowsJobs = "workspace_logs shows the commands with their job_id.";
constexpr std::string_view kShowsSnapshots = "snapshot_list shows those that exist.";

// clang-format off
constexpr Step kSteps[] = {
  {ErrorCode::kNotFound, "workspace_file_list", "workspace_file_list", kShowsFiles},
  {ErrorCode::kNotFound, "workspace_file_read", "workspace_file_list", kShowsFiles},
  {ErrorCode::kNotFound, "workspace_export", "workspace_file_list", kShowsFiles},
  {ErrorCode::kNotFound, "workspace_diff", "workspace_diff",
   "workspace_diff without path shows what has changed."},
  {ErrorCode::kNotFound, "workspace_exec_poll", "workspace_logs", kShowsJobs},
  {ErrorCode::kNotFound, "workspace_exec_cancel", "workspace_logs", kShowsJobs},
  {ErrorCode::kNotFound, "workspace_reset", "snapshot_list", kShowsSnapshots},
  {ErrorCode::kNotFound, "snapshot_delete", "snapshot_list", kShowsSnapshots},
  {ErrorCode::kFailedPrecondition, "workspace_patch_apply", "workspace_file_read",
   "Nothing was changed. Read the files with workspace_file_read and make the patch anew."},
  {ErrorCode::kFailedPrecondition, "workspace_file_read", "workspace_file_list", kShowsFiles},
  {ErrorCode::kFailedPrecondition, "workspace_file_write", "workspace_file_list", kShowsFiles},
  {ErrorCode::kFailedPrecondition, "workspace_sync_push", "workspace_file_list", kShowsFiles},
  {ErrorCode::kFailedPrecondition, "workspace_export", "workspace_file_list", kShowsFiles},
  {ErrorCode::kFailedPrecondition, "workspace_exec", "workspace_create",
   "workspace_status says how it stands; workspace_create makes a new one."},
  {ErrorCode::kFailedPrecondition, "workspace_start", "workspace_reset",
   "workspace_reset makes it anew from any state, but throws away the changes made in it."},
  {ErrorCode::kFailedPrecondition, "vm_exec", "vm_start", "vm_start starts it."},
  {ErrorCode::kFailedPrecondition, "vm_start", "vm_status", "vm_status says how it stands."},
};
// clang-format on

/// What counts whichever tool failed, by words that do not change.
std::string by_words(const std::string& said, const ToolSet& set) {
  const auto says = [&said](std::string_view words) {
    return said.find(words) != std::string::npos;
  };
  const bool workspaces = set.has("workspace_list");
  const bool gone = says("does not exist") || says("expired");
  if (workspaces && gone && said.starts_with("workspace '")) {
    return "workspace_list shows the workspaces that exist; workspace_create makes a new one.";
  }
  if (gone && said.starts_with("vm '") && set.has("vm_create")) {
    return "A machine is gone after its one command, or its ttl_seconds: vm_create makes a new "
           "one.";
  }
  const bool not_started = said.starts_with("workspace ") && says("must be in 'started' state");
  if (workspaces && (not_started || says("backing guest process is no longer running"))) {
    std::string next = set.has("workspace_start")
                           ? "workspace_start brings it back with its files."
                           : "It has its files still: the person brings it back with them by "
                             "`pyro workspace start` and its id.";
    next += set.has("workspace_reset")
                ? " workspace_reset works at once, but throws away the changes made in it."
                : " workspace_create makes a new one.";
    return next;
  }
  if (says("max active VMs reached")) {
    if (set.has("vm_delete")) {
      return "End what you made yourself and no longer need: vm_delete, workspace_delete. Others "
             "may be another session's or the person's: ask before you delete those.";
    }
    return workspaces
               ? "End with workspace_delete what you made yourself and no longer need. Others in "
                 "workspace_list may be another session's or the person's: ask before you delete "
                 "those."
               : "The person frees a place with `pyro workspace list` and `pyro workspace delete`; "
                 "a vm_run frees its own when it ends.";
  }
  if (says("host compatibility mode is disabled")) {
    return "Only the person can mend this: `pyro doctor` on the host names what is missing. "
           "allow_host_compat counts only if the server was started with --allow-host-compat.";
  }
  return "";
}

std::string by_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "Correct the arguments and call again; nothing was changed.";
    case ErrorCode::kNotFound:
      return "Correct the argument that names it and call again; nothing was changed.";
    case ErrorCode::kAlreadyExists:
      return "Choose another name or path and call again; nothing was changed.";
    case ErrorCode::kFailedPrecondition:
      return "Mend what it says, or ask the person to, and call again.";
    case ErrorCode::kResourceExhausted:
      return "Ask for less at once; when the host has no room left, the person makes some.";
    case ErrorCode::kDeadlineExceeded:
      return "It may have been done all the same: look before you call again.";
    case ErrorCode::kCancelled:
      return "Call again if it is still wanted.";
    case ErrorCode::kUnavailable:
      return "Call again; if it stays so, the person should run `pyro doctor` on the host.";
    case ErrorCode::kInternal:
      return "The person finds more with `pyro doctor` and `pyro stack logs` on the host.";
  }
  return "";
}

}  // namespace

std::string next_step(const Error& error, std::string_view tool, const ToolSet& set) {
  if (error.message().find("call workspace_exec_poll with job_id") != std::string::npos) return "";
  if (auto next = by_words(error.message(), set); !next.empty()) return next;
  for (const auto& step : kSteps) {
    if (step.code == error.code() && step.failed == tool && set.has(step.helper)) {
      return std::string(step.text);
    }
  }
  return by_code(error.code());
}

}  // namespace pyro::mcp
