#include "gateway/mcp/tools/pages.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "common/api/json_codec.h"
#include "common/base/text.h"
#include "gateway/mcp/tools/results.h"

namespace pyro::mcp {
namespace {

/// Of a list that has no pages, in bytes of JSON.
constexpr std::size_t kMostListBytes = 1'000'000;
/// Of a diff's entries.
constexpr std::size_t kMostDiffBytes = 24'000;
/// Of a part of a file. A mebibyte of control characters has six, and is more than double that in
/// a message, which holds it twice; a mebibyte of anything else has at most three.
constexpr std::size_t kMostFileBytes = 3'200'000;
constexpr std::size_t kMostEscapedBytes = 6;  ///< of one byte, as JSON

void hint_at(Json& reply, const std::vector<std::string>& hints) {
  if (!hints.empty()) add_hint(reply, join(hints, " "));
}

/// `patch_omits` of the entries that are there.
void shorten_omits(Json& reply) {
  std::set<std::string> paths;
  for (const auto& entry : reply["entries"]) paths.insert(entry["path"].get<std::string>());
  Json kept = Json::array();
  for (const auto& path : reply["patch_omits"]) {
    if (paths.contains(path.get<std::string>())) kept.push_back(path);
  }
  reply["patch_omits"] = std::move(kept);
}

}  // namespace

void page_logs(const api::WorkspaceLogs&, Json& reply, bool cut) {
  std::vector<std::string> hints;
  if (const auto left_out = shorten_entries(reply, kMostListBytes, Keep::kLast); left_out > 0) {
    hints.push_back(fmt::format("The oldest {} commands are left out.", left_out));
  }
  // The logs keep all; a job's poll hands it out.
  if (cut) {
    hints.emplace_back(
        "Output was cut in the middle: workspace_exec_poll with the entry's job_id and cursor 0 "
        "returns all of it, one page per call.");
  }
  hint_at(reply, hints);
}

void page_list(const api::ListFiles&, Json& reply, bool) {
  const auto left_out = shorten_entries(reply, kMostListBytes, Keep::kFirst);
  if (left_out == 0) return;
  add_hint(reply, fmt::format("{} more entries: list a directory below it, or not recursively.",
                              left_out));
}

void page_diff(const api::DiffWorkspace& request, Json& reply, bool cut) {
  std::vector<std::string> hints;
  if (const auto left_out = shorten_entries(reply, kMostDiffBytes, Keep::kFirst); left_out > 0) {
    shorten_omits(reply);
    hints.push_back(fmt::format("{} more entries: call workspace_diff with offset {}.", left_out,
                                request.offset + reply["entries"].size()));
  }
  if (cut && !request.path) {
    hints.emplace_back(
        "Long patches were cut in the middle: call workspace_diff with an entry's path for all of "
        "it.");
  } else if (reply.contains("patch_truncated")) {
    hints.emplace_back(
        "The patch was cut in the middle: workspace_export copies the whole file to the host, "
        "workspace_file_read shows parts of it.");
  } else if (cut) {
    hints.emplace_back("Only text_patch was cut: patch holds all of it.");
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

void bound_page(api::FileContent& page) {
  // Most pages are: that they fit need not be measured.
  if (page.content.size() * kMostEscapedBytes <= kMostFileBytes) return;
  if (api::to_json(page)["content"].dump().size() <= kMostFileBytes) return;
  page.content.resize(whole_characters(page.content.substr(0, api::kFileLimit / 2)));
  page.truncated = true;
  page.next_offset = page.offset + page.content.size();
}

}  // namespace pyro::mcp
