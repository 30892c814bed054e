#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

void check(const Toolbox& box, api::ExportPath& request) {
  const HostAccess host = box.host();
  if (request.output_path.empty()) request.output_path = host.default_output(request.path);
  request.output_path = host.checked("output_path", request.output_path);
  request.by_model = true;
  request.guarded_below = host.guarded_directory(request.output_path);
}

void tell_what_is_left_out(const Toolbox&, const api::ExportPath&, Json& reply, bool) {
  std::string hint;
  if (count_in(reply, "skipped_count") > 0) {
    hint = "Left out: sockets, devices, .git directories, and what `withheld` names. ";
  }
  if (!reply.at("withheld").empty() || count_in(reply, "executable_bits_dropped") > 0) {
    hint +=
        "Files that programs on the host obey and executable bits need the user: `pyro workspace "
        "export`, or a server started with --allow-path DIR.";
  }
  if (!hint.empty()) add_hint(reply, std::string(trim(hint)));
}

}  // namespace

std::vector<ToolRow> export_tools() {
  return {
      {.operation = operation<api::ExportPath>({.check = check, .finish = tell_what_is_left_out}),
       .name = "workspace_export",
       .effect = Effect::kChanges,
       .title = "Copy a result to the host",
       .text = "Copies a file or directory of /workspace to output_path on the host, which must "
               "not exist yet; default: .pyro/exports of the project. Leaves out .git directories, "
               "files that programs on the host obey (.envrc, .vscode, CLAUDE.md, …) and "
               "executable bits. The only way a result leaves the workspace, apart from a diff "
               "that the user applies."},
  };
}

}  // namespace pyro::mcp
