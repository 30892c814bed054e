#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/text.h"
#include "common/process/process_name.h"
#include "common/source/source.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/pages.h"
#include "gateway/mcp/tools/tool_row.h"
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
                     "Give a seed_path to begin with another directory. Only the user can fix "
                     "the project itself, or the server's --project-path, --repo-url, --repo-ref "
                     "or --no-project-source.");
  }
}

void check_create(const Toolbox& box, api::CreateWorkspace& request) {
  request.allow_host_compat = request.allow_host_compat && box.options.allow_host_compat;
  box.network().check_create(request);
  for (auto& secret : request.secrets) {
    if (!secret.file_path) continue;
    secret.file_path = box.host().checked("file_path", *secret.file_path);
    secret.by_model = true;
  }
  if (!request.seed_path) return;
  request.seed_path = box.host().checked("seed_path", *request.seed_path);
  request.by_model = true;
}

/// From the project's source, where the caller named no seed. A clone stays until it was read.
api::Workspace create(const Caller& caller, const api::CreateWorkspace& asked) {
  api::CreateWorkspace request = asked;
  std::optional<source::ReadySource> ready;
  if (!request.seed_path) {
    const Deadline deadline = Clock::now() + usual_limit(request);
    ready = ready_project(caller.box, {deadline, caller.options.stop, caller.options.on_progress});
  }
  if (ready) {
    request.seed_path = ready->seed_path;
    request.origin = ready->origin;
  }
  request.project = caller.box.project_name();
  request.maker = own_process_name();
  return caller.client.create_workspace(request, caller.options);
}

api::Workspace start(const Caller& caller, const api::StartWorkspace& asked) {
  api::StartWorkspace request = asked;
  request.maker = own_process_name();
  return caller.client.call(request, caller.options);
}

void only_visible(const Toolbox& box, api::ListWorkspaces& request) {
  if (box.options.all_workspaces) return;
  request.project = box.project_name();
  request.handed_over = box.options.workspaces;
}

Json create_defaults(const Setting& setting) {
  return {{"environment", setting.environment},
          {"network_policy", std::string(api::name_of(setting.network.policy))}};
}

std::string what_it_begins_with(const ToolSet&, const Setting& setting) {
  std::string text = fmt::format(" Default environment: {}. {}",
                                 without_middle(setting.environment, 60), seeded(setting, 120));
  if (setting.network.policy != api::NetworkPolicy::kOff) {
    text += ServerNetwork::sentence(setting.network, "They", 60);
  }
  text.pop_back();
  return text;
}

}  // namespace

std::vector<ToolRow> workspace_tools() {
  return {
      {.operation = operation<api::CreateWorkspace>({.check = check_create, .call = create}),
       .name = "workspace_create",
       .effect = Effect::kChanges,
       .title = "Create a workspace",
       .text =
           "Creates a disposable microVM with its own /workspace of 8 GiB and starts it; the "
           "host does not change. Returns workspace_id, which every other tool takes. It "
           "expires ttl_seconds after the last command or change in it, once nothing runs in it "
           "and this session has ended. Next: workspace_exec.",
       .full_schemas_only = {"network_policy", "allow_domains", "allow_presets", "learn",
                             "package_cache", "secrets"},
       .defaults = create_defaults,
       .text_end = what_it_begins_with},
      {.operation = operation<api::ListWorkspaces>(
           {.check = only_visible,
            .finish =
                [](const Toolbox&, const api::ListWorkspaces& request, Json& reply, bool) {
                  page_list("workspace_list", request.offset, "workspaces", reply);
                }}),
       .name = "workspace_list",
       .effect = Effect::kReads,
       .title = "List workspaces",
       .text = "Lists the workspaces of this project, the most recently used first, with id, "
               "name, state and expires_at. Use it to find yours again. Other sessions of the "
               "project may use them too. workspace_start brings an expired one back."},
      {.operation = operation<api::WorkspaceStatus>(),
       .name = "workspace_status",
       .effect = Effect::kReads,
       .title = "Describe a workspace",
       .text = "Returns a workspace's state, its first content, its last command and, after a "
               "failure, last_error."},
      {.operation = operation<api::UpdateWorkspace>(),
       .name = "workspace_update",
       .effect = Effect::kChanges,
       .title = "Name or label a workspace",
       .text = "Sets or clears a workspace's name and labels, so that you find it again in "
               "workspace_list, and postpones its expiry. Returns the workspace."},
  };
}

std::vector<ToolRow> reset_tools() {
  return {
      {.operation = operation<api::ResetWorkspace>(),
       .name = "workspace_reset",
       .effect = Effect::kDestroys,
       .title = "Reset a workspace",
       .text = "Discards the whole sandbox (processes, /tmp, installed packages, command "
               "history) and restores /workspace from the baseline or a named snapshot. Takes a "
               "moment, works from any state. Use it to retry from a clean state."},
  };
}

std::vector<ToolRow> lifecycle_tools() {
  return {
      {.operation = operation<api::StartWorkspace>({.call = start}),
       .name = "workspace_start",
       .effect = Effect::kChanges,
       .title = "Start a stopped workspace",
       .text = "Boots a stopped or expired workspace again with everything on its disks as it was. "
               "Returns "
               "the workspace."},
      {.operation = operation<api::StopWorkspace>(),
       .name = "workspace_stop",
       .effect = Effect::kChanges,
       .title = "Stop a workspace",
       .text = "Ends a workspace's guest and its running commands; files, history and snapshots "
               "remain. workspace_start restarts it."},
      {.operation = operation<api::DeleteWorkspace>(),
       .name = "workspace_delete",
       .effect = Effect::kDestroys,
       .title = "Delete a workspace",
       .text = "Ends a workspace and removes every trace of it: files, history, snapshots. "
               "Export results first. Do it when the work is done, since only a few workspaces "
               "may exist at once."},
  };
}

}  // namespace pyro::mcp
