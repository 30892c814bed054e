#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

void check(const Toolbox& box, api::PushSync& request) {
  request.source_path = box.host().checked("source_path", request.source_path);
  request.by_model = true;
}

}  // namespace

std::vector<ToolRow> sync_tools() {
  return {
      {.operation = operation<api::PushSync>({.check = check}),
       .name = "workspace_sync_push",
       .effect = Effect::kChanges,
       .title = "Copy host files into a workspace",
       .text = "Copies a directory or tar archive of the host into /workspace (or dest below "
               "it). Adds and overwrites, deletes nothing, applies whole or not at all. Use it "
               "to bring later host changes into an existing workspace."},
  };
}

}  // namespace pyro::mcp
