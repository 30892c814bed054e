#include "gateway/mcp/tools/toolbox.h"

#include <algorithm>
#include <filesystem>

#include "common/base/error.h"
#include "common/base/reasons/workspace.h"
#include "common/config/paths.h"
#include "common/stack/installation.h"
#include "pyro/client.h"

namespace pyro::mcp {

source::SourceOptions source_options(const ServerOptions& options) {
  return {.project_path = options.project_path,
          .repo_url = options.repo_url,
          .repo_ref = options.repo_ref,
          .none = options.no_project_source,
          .include_ignored = options.include_ignored};
}

std::optional<source::ProjectSource> Toolbox::project() const {
  return source::find_project_source(source_options(options), options.working_directory);
}

std::string Toolbox::project_name() const {
  try {
    if (const auto found = project()) {
      return found->path.empty() ? found->shown : found->path.string();
    }
  } catch (const Error&) {  // the workspaces of a project are there while that is broken
  }
  std::error_code gone;
  const auto here = std::filesystem::canonical(options.working_directory, gone);
  return gone ? options.working_directory.string() : here.string();
}

void Toolbox::require_visible(const std::string& workspace_id, Client& client,
                              const CallOptions& call) const {
  const auto& handed_over = options.workspaces;
  if (options.all_workspaces ||
      std::find(handed_over.begin(), handed_over.end(), workspace_id) != handed_over.end()) {
    return;
  }
  {
    const std::lock_guard lock(seen->mutex);
    if (seen->ids.contains(workspace_id)) return;
  }
  if (client.status_workspace({.workspace_id = workspace_id}, call).project != project_name()) {
    throw failed_precondition(
        reason::kOtherProject,
        "workspace '{0}' is of another project: the user hands it over with `pyro mcp serve "
        "--workspace {0}`",
        workspace_id);
  }
  const std::lock_guard lock(seen->mutex);
  seen->ids.insert(workspace_id);
}

ServerNetwork Toolbox::network() const {
  return {setting.network, [this] {
            return network::Presets(
                find_share_file(network::kPresetsFile),
                backend.paths().config_file.parent_path() / network::kPresetsFile);
          }};
}

HostAccess Toolbox::host() const {
  HostAccess::Places places{.working_directory = options.working_directory,
                            .allowed = options.allow_paths};
  try {
    if (const auto found = project()) places.project = found->path;
  } catch (const Error&) {  // what is named as a path needs no project
  }
  return {std::move(places), home_directories()};
}

}  // namespace pyro::mcp
