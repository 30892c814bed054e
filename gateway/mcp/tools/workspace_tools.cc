#include "gateway/mcp/tools/workspace_tools.h"

#include "gateway/mcp/tools/operation_tool.h"
#include "gateway/mcp/tools/pages.h"
#include "pyro/limits.h"

namespace pyro::mcp {
namespace {

/// The project's source, if there is one. SetupError: why it cannot be had.
std::optional<source::ReadySource> ready_project(const Toolbox& box, const Work& work) {
  try {
    const auto project = box.project();
    if (!project) return std::nullopt;
    return source::make_ready(*project, box.backend.paths(), work);
  } catch (const Error& error) {
    throw SetupError(error,
                     "Give a seed_path to begin with another directory. The project itself is the "
                     "person's to mend, or the server's --project-path, --repo-url, --repo-ref or "
                     "--no-project-source.");
  }
}

/// From the project's source, where the caller named no seed. A clone stays until it was read.
api::Workspace create(const Toolbox& box, api::CreateWorkspace request,
                      const CallOptions& options) {
  std::optional<source::ReadySource> ready;
  if (!request.seed_path) {
    const Deadline deadline = Clock::now() + usual_limit(request);
    ready = ready_project(box, {deadline, options.stop, options.on_progress});
  }
  if (ready) {
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
    if (!request.seed_path) return;
    request.seed_path = box->host().checked("seed_path", *request.seed_path);
    request.by_model = true;
  };
  steps.call = [box](const api::CreateWorkspace& request, const CallOptions& options) {
    return create(*box, request, options);
  };
  return steps;
}

Steps<api::PushSync> pushing(const std::shared_ptr<const Toolbox>& box) {
  return {.check = [box](api::PushSync& request) {
    request.source_path = box->host().checked("source_path", request.source_path);
    request.by_model = true;
  }};
}

Steps<api::ExportPath> exporting(const std::shared_ptr<const Toolbox>& box) {
  Steps<api::ExportPath> steps;
  steps.check = [box](api::ExportPath& request) {
    request.output_path = box->host().checked("output_path", request.output_path);
    request.by_model = true;
  };
  steps.finish = [](const api::ExportPath&, Json& reply, bool) {
    if (reply["skipped_count"] == 0) return;
    add_hint(reply, "Left out: sockets, devices, and what lies in .git directories.");
  };
  return steps;
}

Steps<api::ReadFile> reading(const std::shared_ptr<const Toolbox>& box) {
  return {.call = [box](const api::ReadFile& request, const CallOptions& options) {
    auto page = box->backend.client().call(request, options);
    bound_page(page);
    return page;
  }};
}

}  // namespace

void add_workspace_tools(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools) {
  add_tool(box, tools, "workspace_create", Effect::kChanges, creating(box));
  add_tool<api::ListWorkspaces>(box, tools, "workspace_list", Effect::kReads);
  add_tool<api::WorkspaceStatus>(box, tools, "workspace_status", Effect::kReads);
  add_tool<api::UpdateWorkspace>(box, tools, "workspace_update", Effect::kChanges);
  add_exec_tools(box, tools);
  add_tool<api::ListFiles>(box, tools, "workspace_file_list", Effect::kReads,
                           {.finish = page_list});
  add_tool(box, tools, "workspace_file_read", Effect::kReads, reading(box));
  add_tool<api::WriteFile>(box, tools, "workspace_file_write", Effect::kChanges);
  add_tool<api::ApplyPatch>(box, tools, "workspace_patch_apply", Effect::kChanges);
  add_tool(box, tools, "workspace_sync_push", Effect::kChanges, pushing(box));
  add_tool<api::DiffWorkspace>(
      box, tools, "workspace_diff", Effect::kReads,
      {.whole_patch = [](const api::DiffWorkspace& request) { return request.path.has_value(); },
       .finish = page_diff});
  add_tool(box, tools, "workspace_export", Effect::kChanges, exporting(box));
  add_tool<api::WorkspaceLogs>(box, tools, "workspace_logs", Effect::kReads, {.finish = page_logs});
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
