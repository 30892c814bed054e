#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

void check(const Toolbox& box, api::ExportPath& request) {
  request.output_path = box.host().checked("output_path", request.output_path);
  request.by_model = true;
}

void tell_what_is_left_out(const Toolbox&, const api::ExportPath&, Json& reply, bool) {
  if (count_in(reply, "skipped_count") == 0) return;
  add_hint(reply, "Left out: sockets, devices, and the content of .git directories.");
}

}  // namespace

std::vector<ToolRow> export_tools() {
  return {
      {.operation = operation<api::ExportPath>({.check = check, .finish = tell_what_is_left_out}),
       .name = "workspace_export",
       .effect = Effect::kChanges,
       .title = "Copy a result to the host",
       .text = "Copies a file or directory of /workspace to output_path on the host, which must "
               "not exist yet; a .git directory is left out. The only way a result leaves the "
               "workspace, apart from a diff that the user applies."},
  };
}

}  // namespace pyro::mcp
