#include <fmt/core.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "common/source/source.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/host_path.h"
#include "gateway/cli/commands/workspace/lifecycle/label_option.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"
#include "gateway/cli/commands/workspace/network/allow_options.h"
#include "gateway/cli/commands/workspace/secret_options.h"

namespace pyro::cli {
namespace {

struct CreateOptions {
  api::CreateWorkspace request;
  std::vector<std::string> labels;
  std::vector<std::string> include_ignored;
  bool id_only = false;
};

/// The seed is a project: what Git tracks, and the ignored files that the patterns name.
void seed_from_project(api::CreateWorkspace& request,
                       const std::vector<std::string>& include_ignored) {
  if (!request.seed_path) {
    throw UsageError("--include-ignored requires --seed-path, a directory in a Git work tree");
  }
  const auto project = source::find_project_source(
      {.project_path = request.seed_path, .include_ignored = include_ignored}, "/");
  if (!project->git_tracked) {
    throw UsageError(fmt::format(
        "--include-ignored: '{}' lies in no Git work tree; without the option all files go along",
        printable(*request.seed_path)));
  }
  request.seed_path = project->path.string();
  request.origin = source::origin_of(*project);
}

int create(Session& session, CreateOptions& options) {
  if (session.json && options.id_only) throw UsageError("--json and --id-only exclude each other");
  auto& request = options.request;
  request.labels = labels_of(options.labels);
  if (request.seed_path) request.seed_path = absolute_host_path("seed_path", *request.seed_path);
  if (!options.include_ignored.empty()) seed_from_project(request, options.include_ignored);
  show_reply<api::Workspace>(
      session, session.call(request), [&options](const api::Workspace& workspace) {
        return options.id_only ? workspace.workspace_id + "\n" : created_text(workspace);
      });
  return 0;
}

}  // namespace

void add_workspace_create(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command("create", "Create a workspace and start it");
  command.footer =
      "Examples:\n"
      "  pyro workspace create debian:12\n"
      "  pyro workspace create debian:12 --seed-path . --name fix-parser --label ticket=123\n"
      "  pyro workspace create debian:12-build --seed-path . --include-ignored node_modules\n"
      "  pyro workspace create debian:12 --network-policy egress --allow-preset pypi\n"
      "  pyro workspace create debian:12 --secret-file github_token=$HOME/.github-token\n"
      "  id=$(pyro workspace create debian:12-build --mem-mib 4096 --id-only)\n\n"
      "/workspace holds up to 8 GiB (metadata.disk_mib). Installs the environment first if it is "
      "missing. A failure leaves nothing behind.";
  auto options = std::make_shared<CreateOptions>();
  add_request_options(command, options->request, {"labels"});
  add_label_option(command, options->labels);
  add_allow_options(command, options->request.allow_domains, options->request.allow_presets);
  add_host_ca_flag(command, options->request.host_ca);
  add_secret_options(command, options->request.secrets);
  command
      .add({.name = "--include-ignored",
            .help = "Begin with the Git-tracked files at --seed-path and these ignored ones, a "
                    "pattern of .gitignore (node_modules, .venv); repeatable",
            .value_name = "PATTERN"},
           [options](const std::string& pattern) { options->include_ignored.push_back(pattern); })
      .repeatable = true;
  command.add_flag("--id-only", "Print nothing but the id", options->id_only);
  add_json_flag(command, session);
  command.action = [&session, options] { return create(session, *options); };
}

}  // namespace pyro::cli
