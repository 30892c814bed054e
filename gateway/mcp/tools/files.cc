#include <nlohmann/json.hpp>

#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/pages.h"
#include "gateway/mcp/tools/read_page.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
std::vector<ToolRow> file_tools() {
  return {
      {.operation = operation<api::ListFiles>(
           {.finish =
                [](const Toolbox&, const api::ListFiles& request, Json& reply, bool) {
                  page_list("workspace_file_list", request.offset, "entries", reply);
                }}),
       .name = "workspace_file_list",
       .effect = Effect::kReads,
       .title = "List files",
       .text =
           "Lists a directory below /workspace, with type and size of each entry; recursive "
           "lists all below it. When truncated is true, call again with offset = next_offset; for "
           "large trees workspace_exec with git ls-files or find is shorter."},
      {.operation = operation<api::ReadFile>(
           {.call = read_page<api::ReadFile>,
            .finish = [](const Toolbox&, const api::ReadFile& request, Json& reply,
                         bool cut) { tell_encoding(request, reply, cut); }}),
       .name = "workspace_file_read",
       .effect = Effect::kReads,
       .title = "Read a file",
       .text = "Reads a text file below /workspace, max_bytes from offset on, at most some 20,000 "
               "characters a call. When truncated is true, call again with offset = next_offset. "
               "Where encoding is not utf-8, content is not what the file holds; of a binary file "
               "there is none.",
       .defaults = read_defaults},
      {.operation = operation<api::WriteFile>(),
       .name = "workspace_file_write",
       .effect = Effect::kChanges,
       .title = "Write a file",
       .text = "Writes a whole text file below /workspace, atomically; creates missing "
               "directories. For small changes in large files use workspace_patch_apply. Next: "
               "run the check again."},
  };
}

}  // namespace pyro::mcp
