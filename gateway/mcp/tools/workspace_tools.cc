#include "gateway/mcp/tools/workspace_tools.h"

#include <strings.h>

#include "gateway/mcp/tools/operation_tool.h"
#include "pyro/limits.h"

namespace pyro::mcp {
namespace {

std::optional<source::ProjectSource> project_of(const Toolbox& box) {
  try {
    return box.project();
  } catch (const Error& error) {
    throw Error(error.code(),
                error.message() + "; with a seed_path a workspace begins with another directory");
  }
}

/// From the project's source, where the caller named no seed. A clone stays until it was read.
api::Workspace create(const Toolbox& box, api::CreateWorkspace request,
                      const CallOptions& options) {
  std::optional<source::ReadySource> ready;
  if (const auto project = request.seed_path ? std::nullopt : project_of(box)) {
    const Deadline deadline = Clock::now() + usual_limit(request);
    ready = source::make_ready(*project, box.backend.paths(),
                               {deadline, options.stop, options.on_progress});
    request.seed_path = ready->seed_path;
    request.origin = ready->origin;
  }
  return box.backend.client().create_workspace(request, options);
}

Steps<api::CreateWorkspace> creating(const std::shared_ptr<const Toolbox>& box) {
  Steps<api::CreateWorkspace> steps;
  if (!box->set.full_schemas()) steps.without = {"network_policy"};
  steps.defaults = {{"environment", box->setting.environment}};
  steps.check = [box](api::CreateWorkspace& request) {
    request.allow_host_compat = request.allow_host_compat && box->options.allow_host_compat;
    if (request.seed_path) {
      request.seed_path = box->host().checked("seed_path", *request.seed_path);
    }
  };
  steps.call = [box](const api::CreateWorkspace& request, const CallOptions& options) {
    return create(*box, request, options);
  };
  return steps;
}

Steps<api::PushSync> pushing(const std::shared_ptr<const Toolbox>& box) {
  return {.check = [box](api::PushSync& request) {
    request.source_path = box->host().checked("source_path", request.source_path);
  }};
}

/// A hook or a configuration that is put there runs with the person's next git command.
void refuse_git_directory(const std::filesystem::path& output_path) {
  for (const auto& part : output_path) {
    if (::strcasecmp(part.c_str(), ".git") == 0) {
      throw invalid_argument(
          "output_path '{}' lies in a .git directory, which an export never writes to",
          output_path.string());
    }
  }
}

Steps<api::ExportPath> exporting(const std::shared_ptr<const Toolbox>& box) {
  return {.check = [box](api::ExportPath& request) {
    request.output_path = box->host().checked("output_path", request.output_path);
    refuse_git_directory(request.output_path);
  }};
}

/// Of a list that has no pages, in bytes of JSON: a client takes 10 MB a message.
constexpr std::size_t kMostListBytes = 1'000'000;
/// Of a diff's entries.
constexpr std::size_t kMostDiffBytes = 24'000;

/// The logs keep all; a job's poll hands it out.
void tell_where_output_is(const api::WorkspaceLogs&, Json& reply, bool cut) {
  std::string hint;
  if (const auto left_out = shorten_entries(reply, kMostListBytes, Keep::kLast); left_out > 0) {
    hint = fmt::format("The oldest {} commands are left out. ", left_out);
  }
  if (cut) {
    hint +=
        "Output was cut in the middle: workspace_exec_poll with the entry's job_id and cursor 0 "
        "gives all of it, a page a call.";
  }
  if (!hint.empty()) add_hint(reply, hint);
}

void bound_list(const api::ListFiles&, Json& reply, bool) {
  const auto left_out = shorten_entries(reply, kMostListBytes, Keep::kFirst);
  if (left_out == 0) return;
  add_hint(reply, fmt::format("{} more entries: list a directory below it, or not recursively.",
                              left_out));
}

void page_entries(const api::DiffWorkspace& request, Json& reply, bool cut) {
  const std::size_t left_out = shorten_entries(reply, kMostDiffBytes, Keep::kFirst);
  if (left_out > 0) {
    add_hint(reply, fmt::format("{} more entries: call workspace_diff with offset {}.", left_out,
                                request.offset + reply["entries"].size()));
  } else if (cut) {
    add_hint(
        reply,
        "Long patches were cut in the middle: call workspace_diff with an entry's path for all "
        "of it.");
  }
}

}  // namespace

void add_workspace_tools(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools) {
  add_tool(box, tools, "workspace_create", Effect::kChanges, creating(box));
  add_tool<api::ListWorkspaces>(box, tools, "workspace_list", Effect::kReads);
  add_tool<api::WorkspaceStatus>(box, tools, "workspace_status", Effect::kReads);
  add_tool<api::UpdateWorkspace>(box, tools, "workspace_update", Effect::kChanges);
  add_exec_tools(box, tools);
  add_tool<api::ListFiles>(box, tools, "workspace_file_list", Effect::kReads,
                           {.finish = bound_list});
  add_tool<api::ReadFile>(box, tools, "workspace_file_read", Effect::kReads);
  add_tool<api::WriteFile>(box, tools, "workspace_file_write", Effect::kChanges);
  add_tool<api::ApplyPatch>(box, tools, "workspace_patch_apply", Effect::kChanges);
  add_tool(box, tools, "workspace_sync_push", Effect::kChanges, pushing(box));
  add_tool<api::DiffWorkspace>(
      box, tools, "workspace_diff", Effect::kReads,
      {.whole = [](const api::DiffWorkspace& request) { return request.path.has_value(); },
       .finish = page_entries});
  add_tool(box, tools, "workspace_export", Effect::kChanges, exporting(box));
  add_tool<api::WorkspaceLogs>(box, tools, "workspace_logs", Effect::kReads,
                               {.finish = tell_where_output_is});
  add_tool<api::SummarizeWorkspace>(box, tools, "workspace_summary", Effect::kReads);
  add_tool<api::ResetWorkspace>(box, tools, "workspace_reset", Effect::kDestroys);
  add_tool<api::CreateSnapshot>(box, tools, "snapshot_create", Effect::kChanges);
  add_tool<api::ListSnapshots>(box, tools, "snapshot_list", Effect::kReads);
  add_tool<api::DeleteSnapshot>(box, tools, "snapshot_delete", Effect::kDestroys);
  add_tool<api::StartWorkspace>(box, tools, "workspace_start", Effect::kChanges);
  add_tool<api::StopWorkspace>(box, tools, "workspace_stop", Effect::kChanges);
  add_tool<api::DeleteWorkspace>(box, tools, "workspace_delete", Effect::kDestroys);
}

}  // namespace pyro::mcp
