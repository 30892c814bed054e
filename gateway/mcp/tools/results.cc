#include "gateway/mcp/tools/results.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/api/error_body.h"
#include "common/api/schema.h"
#include "common/base/text.h"
#include "gateway/mcp/protocol/tool.h"

namespace pyro::mcp {
namespace {

constexpr std::array<std::string_view, 4> kCut = {"stdout", "stderr", "patch", "text_patch"};
/// OpenCode shows nothing of a text with a line of more than 50 KB.
constexpr std::size_t kMostLineBytes = 48'000;
/// An escaped character is at most six bytes of JSON.
constexpr std::size_t kPieceBytes = kMostLineBytes / 6;

/// The byte at which the n-th character begins.
std::size_t offset_of(std::string_view text, std::size_t characters) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (begins_character(text[at]) && characters-- == 0) return at;
  }
  return text.size();
}

std::string cut(std::string_view text, std::size_t characters, std::size_t most) {
  // Room for the line that says what is missing.
  const std::size_t half = most / 2 - 40;
  const std::size_t head = offset_of(text, half);
  const std::size_t tail = offset_of(text, characters - half);
  return fmt::format("{}\n[… {} characters cut …]\n{}", text.substr(0, head), characters - 2 * half,
                     text.substr(tail));
}

bool is_cut(std::string_view key) { return std::find(kCut.begin(), kCut.end(), key) != kCut.end(); }

/// The same, but that strings which would make too long a line come as lists of their pieces.
Json in_short_lines(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() <= kPieceBytes || value.dump().size() <= kMostLineBytes) return value;
    Json pieces = Json::array();
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = std::min(at + kPieceBytes, text.size());
      while (end < text.size() && !begins_character(text[end])) --end;
      pieces.push_back(text.substr(at, end - at));
      at = end;
    }
    return pieces;
  }
  if (!value.is_structured()) return value;
  Json copy = value;
  for (auto& part : copy) part = in_short_lines(part);
  return copy;
}

Json error_schema() {
  Json schema = api::schema_of<api::ErrorBody>(api::SchemaFor::kReply);
  schema["description"] = "Of a call that failed, in place of all else.";
  schema["properties"]["next"] = {{"type", "string"}, {"description", "What to do next."}};
  return schema;
}

}  // namespace

ToolResult answer(Json reply) {
  ToolResult result;
  result.content.push_back({{"type", "text"}, {"text", in_short_lines(reply).dump(2)}});
  result.structured = std::move(reply);
  return result;
}

bool shorten(Json& reply, std::size_t most_patch) {
  bool any = false;
  if (reply.is_array()) {
    for (auto& item : reply) any = shorten(item) || any;
  }
  if (!reply.is_object()) return any;
  std::vector<std::string> marked;
  for (auto& [key, value] : reply.items()) {
    if (value.is_structured()) any = shorten(value) || any;
    if (!value.is_string() || !is_cut(key)) continue;
    const auto& text = value.get_ref<const std::string&>();
    const std::size_t characters = width_of(text);
    const std::size_t most = key == "patch" ? most_patch : kMostCharacters;
    if (characters <= most) continue;
    value = cut(text, characters, most);
    marked.push_back(key);
  }
  for (const auto& key : marked) reply[key + "_truncated"] = true;
  return any || !marked.empty();
}

std::size_t shorten_entries(Json& reply, std::size_t most_bytes, Keep keep) {
  auto& entries = reply["entries"];
  const auto count = entries.size();
  std::size_t kept = 0;
  for (std::size_t bytes = 0; kept < count; ++kept) {
    bytes += entries[keep == Keep::kFirst ? kept : count - 1 - kept].dump().size();
    if (kept > 0 && bytes > most_bytes) break;
  }
  if (kept == count) return 0;
  const auto from = entries.begin();
  const auto left_out = static_cast<Json::difference_type>(count - kept);
  if (keep == Keep::kFirst) {
    entries.erase(entries.end() - left_out, entries.end());
  } else {
    entries.erase(from, from + left_out);
  }
  reply["entries_truncated"] = true;
  return count - kept;
}

Json with_shortening(Json output_schema) {
  const auto visit = [](auto&& self, Json& schema) -> void {
    if (const auto items = schema.find("items"); items != schema.end()) self(self, *items);
    const auto found = schema.find("properties");
    if (found == schema.end()) return;
    std::vector<std::string> marks;
    for (auto& [key, property] : found->items()) {
      self(self, property);
      if (is_cut(key)) marks.push_back(key + "_truncated");
    }
    for (const auto& mark : marks) {
      if (!found->contains(mark)) {
        (*found)[mark] = {{"type", "boolean"},
                          {"description", "Its middle is cut in this answer."}};
      }
    }
  };
  visit(visit, output_schema);
  auto& properties = output_schema["properties"];
  if (properties.contains("entries")) {
    properties["entries_truncated"] = {{"type", "boolean"},
                                       {"description", "Entries are left out of this answer."}};
  }
  // Of a failure there is nothing but the error, which clients check against this schema too.
  output_schema.erase("required");
  properties["error"] = error_schema();
  properties["hint"] = {{"type", "string"}, {"description", "What to do next."}};
  return output_schema;
}

std::uint64_t count_in(const Json& reply, const char* field) {
  return reply.at(field).get<std::uint64_t>();
}

void add_hint(Json& reply, const std::string& hint) { reply["hint"] = hint; }

ToolResult failure(const Error& error, const std::string& next) {
  const Error shown(error.code(), error.reason(),
                    printable(without_middle(error.message(), kMostCharacters)));
  // What a guest or a repository named something may have lines of its own: those are set in, so
  // that no other line begins as ours do.
  const auto lines = split(shown.message(), '\n');
  std::string text = fmt::format("{}\ncode: {}", join(lines, "\n  "), to_string(error.code()));
  if (!next.empty()) text += "\nnext: " + next;
  ToolResult result = ToolResult::error(shown, text);
  // A host that shows its model no text shows this.
  if (!next.empty()) (*result.structured)["error"]["next"] = next;
  return result;
}

}  // namespace pyro::mcp
