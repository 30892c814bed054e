#include "gateway/mcp/tools/toolbox.h"

#include "common/base/error.h"
#include "common/config/paths.h"

namespace pyro::mcp {

std::optional<source::ProjectSource> Toolbox::project() const {
  return source::find_project_source({.project_path = options.project_path,
                                      .repo_url = options.repo_url,
                                      .repo_ref = options.repo_ref,
                                      .none = options.no_project_source},
                                     options.working_directory);
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
