#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/pages.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

bool names_one_path(const api::DiffWorkspace& request) { return request.path.has_value(); }

}  // namespace

std::vector<ToolRow> diff_tools() {
  return {
      {.operation = operation<api::DiffWorkspace>(
           {.whole_patch = names_one_path,
            .finish = [](const Toolbox&, const api::DiffWorkspace& request, Json& reply,
                         bool cut) { page_diff(request, reply, cut); }}),
       .name = "workspace_diff",
       .effect = Effect::kReads,
       .title = "Show the changes",
       .text =
           "Compares /workspace with its state at creation. Returns entries with path and "
           "status, and one patch that `git apply` takes. Long patches are cut: call again "
           "with path for one entry whole, or with offset for further entries. What Git ignores "
           "is left out: include_ignored shows it."},
  };
}

}  // namespace pyro::mcp
