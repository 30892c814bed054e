#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/pages.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

/// Of an answer's characters those that a file's content takes.
constexpr std::uint64_t kMostContent = 20'000;
/// A third of these bytes in base64, which takes four characters for three.
constexpr std::uint64_t kMostBinary = kMostContent / 4 * 3;

Json read_defaults(const Setting&) { return {{"max_bytes", 16'384}}; }

/// A page that takes more characters than bytes is asked for again, shorter.
api::FileContent read(const Caller& caller, const api::ReadFile& asked) {
  api::ReadFile request = asked;
  request.max_bytes = std::min(asked.max_bytes, asked.as_base64 ? kMostBinary : kMostContent);
  for (;;) {
    auto page = caller.client.call(request, caller.options);
    const std::uint64_t size = shown_size(page.content);
    if (size <= kMostContent || request.max_bytes == 1) {
      page.max_bytes = asked.max_bytes;
      return page;
    }
    request.max_bytes = std::max<std::uint64_t>(request.max_bytes * kMostContent / size, 1);
  }
}

}  // namespace

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
           {.call = read,
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
