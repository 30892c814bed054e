#include "common/api/workspace_export.h"

#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/host_path.h"
#include "gateway/cli/workspace_files_text.h"

namespace pyro::cli {

void add_workspace_export(CLI::App& workspace, Session& session) {
  auto* command =
      workspace.add_subcommand("export", "Copy a file or directory of a workspace to the host");
  command->footer(
      "Examples:\n"
      "  pyro workspace export 0123456789ab build/report.html --output report.html\n"
      "  pyro workspace export 0123456789ab . --output ./result\n\n"
      "The path on the host must not exist; directories above it are made.");
  auto request = std::make_shared<api::ExportPath>();
  api::add_options(*command, *request, {"output_path"});
  command->add_option("--output", request->output_path, "Path on the host, which must not exist")
      ->type_name("HOST_PATH")
      ->required();
  add_call<api::ExportPath>(*command, session, request, exported_text, [](api::ExportPath& copy) {
    copy.output_path = absolute_host_path("output_path", copy.output_path);
  });
}

}  // namespace pyro::cli
