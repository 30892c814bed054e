#include "common/api/workspace_patch.h"
#include "common/base/reasons/files.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

constexpr std::string_view kReadsAgain =
    "Nothing was changed. Read the files with workspace_file_read and write the patch again.";

}  // namespace

std::vector<ToolRow> patch_tools() {
  return {
      {.operation = operation<api::ApplyPatch>(),
       .name = "workspace_patch_apply",
       .effect = Effect::kChanges,
       .title = "Apply a patch",
       .text = "Applies a unified diff to /workspace: all of it or nothing. Context must match; "
               "a hunk found at another line is applied and reported. Takes what git apply takes, "
               "and `*** Begin Patch` forms. On a mismatch read the file again and write a new "
               "patch.",
       .steps =
           {{.reason = reason::kWrongFileType, .has = "workspace_file_read", .text = kReadsAgain},
            {.reason = reason::kPatchMismatch, .has = "workspace_file_read", .text = kReadsAgain},
            {.reason = reason::kChangedMeanwhile,
             .has = "workspace_file_read",
             .text = kReadsAgain},
            {.reason = "failed_precondition", .has = "workspace_file_read", .text = kReadsAgain}}},
  };
}

}  // namespace pyro::mcp
