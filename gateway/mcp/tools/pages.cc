#include "gateway/mcp/tools/pages.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "gateway/mcp/tools/results.h"

namespace pyro::mcp {
namespace {

void hint_at(Json& reply, const std::vector<std::string>& hints) {
  if (!hints.empty()) add_hint(reply, join(hints, " "));
}

std::string more_entries(std::size_t left_out, std::string_view tool, std::size_t offset) {
  return fmt::format("{} more: call {} with offset {}.", left_out, tool, offset);
}

}  // namespace

void page_list(std::string_view tool, std::uint32_t offset, const std::string& list, Json& reply) {
  const auto left_out = shorten_list(reply, list, Keep::kFirst);
  if (left_out == 0) return;
  const std::size_t next = offset + reply[list].size();
  reply["truncated"] = true;
  reply["next_offset"] = next;
  add_hint(reply, more_entries(left_out, tool, next));
}

void page_logs(const api::WorkspaceLogs& request, Json& reply, bool cut) {
  std::vector<std::string> hints;
  if (request.offset) {
    page_list("workspace_logs", *request.offset, "entries", reply);
    if (reply.contains("hint")) hints.push_back(reply["hint"]);
  } else if (const auto older = shorten_list(reply, "entries", Keep::kLast); older > 0) {
    reply["offset"] = count_in(reply, "offset") + older;
    hints.push_back(
        fmt::format("These are the latest: call workspace_logs with offset 0 for the oldest of {}.",
                    count_in(reply, "count")));
  }
  // The logs keep all; a job's poll hands it out.
  if (cut) {
    hints.emplace_back(
        "Output was cut in the middle: workspace_exec_poll with the entry's job_id and cursor 0 "
        "returns all of it, one page per call.");
  }
  hint_at(reply, hints);
}

void tell_rest_of_diff(const api::DiffWorkspace&, Json& reply, bool cut) {
  std::vector<std::string> hints;
  if (reply["truncated"].get<bool>()) {
    const auto next = count_in(reply, "next_offset");
    hints.push_back(
        more_entries(count_in(reply["summary"], "total") - next, "workspace_diff", next));
  }
  if (cut) {
    hints.emplace_back(
        "The patch was cut in the middle: workspace_export copies a whole file to the host, "
        "workspace_file_read shows parts of it.");
  }
  hint_at(reply, hints);
}

void tell_encoding(const api::ReadFile&, Json& reply, bool) {
  const auto is = [&reply](api::FileEncoding one) {
    return reply["encoding"] == api::name_of(one);
  };
  if (is(api::FileEncoding::kBinary)) {
    add_hint(reply,
             "A binary file: as_base64 true returns its bytes, workspace_export copies it to the "
             "host, workspace_exec looks into it.");
  } else if (is(api::FileEncoding::kNotUtf8)) {
    add_hint(reply,
             "The file is not UTF-8, and content lacks bytes of it: do not write it back. Change "
             "it by workspace_exec; as_base64 true returns its bytes, workspace_export copies it "
             "to the host.");
  }
}

}  // namespace pyro::mcp
