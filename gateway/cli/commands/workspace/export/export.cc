#include "gateway/cli/commands/workspace/export/export.h"

#include <memory>

#include "common/api/workspace_export.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/export/export_text.h"
#include "gateway/cli/commands/workspace/host_path.h"

namespace pyro::cli {

void add_workspace_export(CliCommand& workspace, Session& session) {
  auto& command =
      workspace.add_command("export", "Copy a file or directory of a workspace to the host");
  command.footer =
      "Examples:\n"
      "  pyro workspace export 0123456789ab build/report.html --output report.html\n"
      "  pyro workspace export 0123456789ab . --output ./result\n\n"
      "The path on the host must not exist. Makes missing directories above it.";
  auto request = std::make_shared<api::ExportPath>();
  add_request_options(command, *request, {"output_path"});
  command.add({.name = "--output",
               .help = "Path on the host, which must not exist",
               .value_name = "HOST_PATH",
               .required = true},
              request->output_path);
  add_call<api::ExportPath>(command, session, request, exported_text, [](api::ExportPath& copy) {
    copy.output_path = absolute_host_path("output_path", copy.output_path);
  });
}

}  // namespace pyro::cli
