#include "gateway/mcp/tools/workspace_tools.h"

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
  const auto add = [&]<api::Operation Op>(std::string_view name, Effect effect,
                                          Steps<Op> steps = {}) {
    if (box->set.has(name))
      tools.push_back(operation_tool<Op>(box, name, effect, std::move(steps)));
  };
  add("workspace_create", Effect::kChanges, creating(box));
  add("workspace_list", Effect::kReads, Steps<api::ListWorkspaces>{});
  add("workspace_status", Effect::kReads, Steps<api::WorkspaceStatus>{});
  add("workspace_update", Effect::kChanges, Steps<api::UpdateWorkspace>{});
  add_exec_tools(box, tools);
  add("workspace_file_list", Effect::kReads, Steps<api::ListFiles>{.finish = bound_list});
  add("workspace_file_read", Effect::kReads, Steps<api::ReadFile>{});
  add("workspace_file_write", Effect::kChanges, Steps<api::WriteFile>{});
  add("workspace_patch_apply", Effect::kChanges, Steps<api::ApplyPatch>{});
  add("workspace_sync_push", Effect::kChanges, pushing(box));
  add("workspace_diff", Effect::kReads,
      Steps<api::DiffWorkspace>{
          .whole = [](const api::DiffWorkspace& request) { return request.path.has_value(); },
          .finish = page_entries});
  add("workspace_export", Effect::kChanges, exporting(box));
  add("workspace_logs", Effect::kReads, Steps<api::WorkspaceLogs>{.finish = tell_where_output_is});
  add("workspace_summary", Effect::kReads, Steps<api::SummarizeWorkspace>{});
  add("workspace_reset", Effect::kDestroys, Steps<api::ResetWorkspace>{});
  add("snapshot_create", Effect::kChanges, Steps<api::CreateSnapshot>{});
  add("snapshot_list", Effect::kReads, Steps<api::ListSnapshots>{});
  add("snapshot_delete", Effect::kDestroys, Steps<api::DeleteSnapshot>{});
  add("workspace_start", Effect::kChanges, Steps<api::StartWorkspace>{});
  add("workspace_stop", Effect::kChanges, Steps<api::StopWorkspace>{});
  add("workspace_delete", Effect::kDestroys, Steps<api::DeleteWorkspace>{});
}

}  // namespace pyro::mcp
