#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/pages.h"
#include "gateway/mcp/tools/tool_row.h"

namespace pyro::mcp {
namespace {

/// Of entries and patch; JSON adds signs of its own.
constexpr std::uint32_t kPageBytes = 15'000;
/// Of an answer's characters those that the patch takes.
constexpr std::size_t kMostPatch = 20'000;

void ask_for_a_page(const Toolbox&, api::DiffWorkspace& request) {
  request.page_bytes = kPageBytes;
}

}  // namespace

std::vector<ToolRow> diff_tools() {
  return {
      {.operation = operation<api::DiffWorkspace>(
           {.check = ask_for_a_page,
            .most_text = kMostPatch,
            .finish = [](const Toolbox&, const api::DiffWorkspace& request, Json& reply,
                         bool cut) { tell_rest_of_diff(request, reply, cut); }}),
       .name = "workspace_diff",
       .effect = Effect::kReads,
       .title = "Show the changes",
       .text =
           "Compares /workspace with its state at creation. Returns entries with path and "
           "status, and one patch that `git apply` takes. When truncated is true, call again with "
           "offset = next_offset; path shows one entry. What Git ignores is left out: "
           "include_ignored shows it.",
       // The patch says it.
       .leave_out = {"text_patch"}},
  };
}

}  // namespace pyro::mcp
