#include "gateway/cli/server_flags.h"

#include "common/api/cli_options.h"

namespace pyro::cli {

void add_server_flags(CLI::App& command, ServerOptions& options) {
  auto* mode = api::add_choice<ServerMode>(command, {.name = "mode"},
                                           "Tools and instructions for one kind of work",
                                           [&options](ServerMode value) { options.mode = value; });
  auto* profile = api::add_choice<ServerProfile>(
      command, {.name = "profile"}, "Which tools there are; default workspace-core",
      [&options](ServerProfile value) { options.profile = value; });
  mode->excludes(profile);
  command
      .add_option("--environment", options.environment,
                  "What a workspace boots when the model names none; default debian:12")
      ->type_name("ENV");
  auto* project = command
                      .add_option("--project-path", options.project_path,
                                  "Directory that workspaces begin with; below a Git root: that")
                      ->type_name("DIR");
  auto* url = command
                  .add_option("--repo-url", options.repo_url,
                              "Repository whose clean clone workspaces begin with")
                  ->type_name("URL");
  auto* ref = command
                  .add_option("--repo-ref", options.repo_ref,
                              "Branch, tag or commit of it; default its own")
                  ->type_name("REF");
  auto* none = command.add_flag("--no-project-source", options.no_project_source,
                                "Workspaces begin empty unless the model names a seed_path");
  ref->needs(url);
  project->excludes(url)->excludes(none);
  url->excludes(none);
  command
      .add_option("--allow-path", options.allow_paths,
                  "Host directory below which the model may name paths; repeatable")
      ->type_name("DIR")
      ->type_size(1)
      ->allow_extra_args(false);
  command.add_flag("--allow-host-compat", options.allow_host_compat,
                   "Let the model opt into running on the host, without a guest's isolation, when "
                   "no guest can be booted");
}

}  // namespace pyro::cli
