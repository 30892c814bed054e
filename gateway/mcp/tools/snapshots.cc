#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {

std::vector<ToolRow> snapshot_tools() {
  return {
      {.operation = operation<api::CreateSnapshot>(),
       .name = "snapshot_create",
       .effect = Effect::kChanges,
       .title = "Take a snapshot",
       .text = "Saves the current /workspace under a name, so that workspace_reset can restore "
               "it."},
      {.operation = operation<api::ListSnapshots>(),
       .name = "snapshot_list",
       .effect = Effect::kReads,
       .title = "List snapshots",
       .text = "Lists the snapshots that workspace_reset can restore: the baseline, then the "
               "named ones by age."},
      {.operation = operation<api::DeleteSnapshot>(),
       .name = "snapshot_delete",
       .effect = Effect::kDestroys,
       .title = "Delete a snapshot",
       .text = "Deletes a named snapshot. The baseline cannot be deleted."},
  };
}

}  // namespace pyro::mcp
