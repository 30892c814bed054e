#include "gateway/mcp/make_server.h"

#include <cstdlib>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::mcp {
namespace {

std::filesystem::path home_directory() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : home;
}

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options, Backend backend) {
  std::optional<source::ProjectSource> project;
  Setting setting{.environment = options.environment};
  try {
    project = source::find_project_source({.project_path = options.project_path,
                                           .repo_url = options.repo_url,
                                           .repo_ref = options.repo_ref,
                                           .none = options.no_project_source},
                                          options.working_directory);
    if (project) setting.source = printable(source::describe(*project));
  } catch (const Error& error) {
    setting.source_problem = printable(error.message());
  }
  auto allowed = options.allow_paths;
  if (project && !project->path.empty()) allowed.push_back(project->path);
  const auto box = std::make_shared<const Toolbox>(
      Toolbox{.options = options,
              .set = ToolSet(options),
              .setting = setting,
              .host = HostAccess(options.working_directory, allowed, home_directory()),
              .source = project,
              .backend = std::move(backend)});
  return std::make_unique<Server>(
      ServerInfo{.name = "pyro",
                 .title = "pyro",
                 .version = PYRO_VERSION,
                 .instructions = instructions_of(box->set, box->setting)},
      tools_of(box));
}

}  // namespace pyro::mcp
