#include "gateway/mcp/tools/results.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/base/text.h"
#include "gateway/mcp/protocol/tool.h"

namespace pyro::mcp {
namespace {

constexpr std::array<std::string_view, 4> kCut = {"stdout", "stderr", "patch", "command"};
/// Of a command, which is only told again.
constexpr std::size_t kMostCommand = 1000;
/// OpenCode shows nothing of a text with a line of more than 50 KB.
constexpr std::size_t kMostLineBytes = 48'000;
/// An escaped character is at most six bytes of JSON.
constexpr std::size_t kPieceBytes = kMostLineBytes / 6;

/// How many characters of JSON begin with this byte of a text.
std::size_t shown_size(char byte) {
  if (!begins_character(byte)) return 0;
  if (std::string_view("\"\\\n\r\t\b\f").find(byte) != std::string_view::npos) return 2;
  return static_cast<unsigned char>(byte) < 0x20 ? 6 : 1;
}

/// The byte before which the text has as many characters of JSON.
std::size_t offset_of(std::string_view text, std::size_t characters) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t size = shown_size(text[at]);
    if (size > characters) return at;
    characters -= size;
    if (characters == 0 && at + 1 < text.size() && begins_character(text[at + 1])) return at + 1;
  }
  return text.size();
}

std::string cut(std::string_view text, std::size_t characters, std::size_t most) {
  // Room for the line that says what is missing.
  const std::size_t half = most / 2 - 40;
  const std::size_t head = offset_of(text, half);
  const std::size_t tail = offset_of(text, characters - half);
  return fmt::format("{}\n[… {} characters cut …]\n{}", text.substr(0, head),
                     width_of(text.substr(head, tail - head)), text.substr(tail));
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

/// Room for what tells where a list goes on.
constexpr std::size_t kMostHint = 500;
/// Levels of indentation of an entry of a list.
constexpr std::size_t kEntryDepth = 2;

/// How many characters it takes in the text of an answer.
std::size_t indented_size(const Json& json, std::size_t depth) {
  const std::string text = json.dump(2);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  return width_of(text) + 2 * depth * lines + 2;
}

struct LongestList {
  Json* holder = nullptr;
  std::string key;
  std::size_t size = 0;
};

/// The longest list of more than one entry that a field holds. One that holds others gives way
/// after them. False: there is none.
bool find_longest_list(Json& json, LongestList& longest) {
  if (!json.is_structured()) return false;
  bool any = false;
  for (auto& [key, value] : json.items()) {
    const bool holds_others = find_longest_list(value, longest);
    any = any || holds_others;
    if (holds_others || !json.is_object() || !value.is_array() || value.size() < 2) continue;
    any = true;
    const std::size_t size = indented_size(value, 1);
    if (size > longest.size) longest = {&json, key, size};
  }
  return any;
}

}  // namespace

ToolResult answer(Json reply) {
  ToolResult result;
  result.content.push_back({{"type", "text"}, {"text", in_short_lines(reply).dump(2)}});
  result.structured = std::move(reply);
  return result;
}

std::size_t shown_size(std::string_view text) {
  std::size_t size = 0;
  for (const char byte : text) size += shown_size(byte);
  return size;
}

bool shorten(Json& reply, std::size_t most) {
  bool any = false;
  if (reply.is_array()) {
    for (auto& item : reply) any = shorten(item, most) || any;
  }
  if (!reply.is_object()) return any;
  std::vector<std::string> marked;
  for (auto& [key, value] : reply.items()) {
    if (value.is_structured()) any = shorten(value, most) || any;
    if (!value.is_string() || !is_cut(key)) continue;
    const auto& text = value.get_ref<const std::string&>();
    const std::size_t characters = shown_size(text);
    const std::size_t allowed = key == "command" ? kMostCommand : most;
    if (characters <= allowed) continue;
    value = cut(text, characters, allowed);
    marked.push_back(key);
    any = any || key != "command";
  }
  for (const auto& key : marked) reply[key + "_truncated"] = true;
  return any;
}

std::size_t shorten_list(Json& reply, const std::string& list, Keep keep) {
  Json entries = std::exchange(reply[list], Json::array());
  const std::size_t count = entries.size();
  const std::size_t others = indented_size(reply, 0) + kMostHint;
  std::size_t left = kMostShown - std::min(kMostShown, others);
  std::size_t kept = 0;
  for (; kept < count; ++kept) {
    const Json& entry = entries[keep == Keep::kFirst ? kept : count - 1 - kept];
    const std::size_t size = indented_size(entry, kEntryDepth);
    if (kept > 0 && size > left) break;
    left -= std::min(left, size);
  }
  const auto left_out = static_cast<Json::difference_type>(count - kept);
  if (keep == Keep::kFirst) {
    entries.erase(entries.end() - left_out, entries.end());
  } else {
    entries.erase(entries.begin(), entries.begin() + left_out);
  }
  reply[list] = std::move(entries);
  return count - kept;
}

void shorten_lists(Json& reply) {
  for (;;) {
    const std::size_t size = indented_size(reply, 0);
    if (size <= kMostShown) return;
    LongestList longest;
    find_longest_list(reply, longest);
    if (!longest.holder) return;
    Json& list = (*longest.holder)[longest.key];
    for (std::size_t gone = 0; list.size() > 1 && gone < size - kMostShown;) {
      gone += indented_size(list.back(), kEntryDepth);
      list.erase(list.end() - 1);
    }
    (*longest.holder)[longest.key + "_truncated"] = true;
  }
}

void leave_out(Json& json, const std::vector<std::string_view>& fields) {
  if (!json.is_structured()) return;
  if (json.is_object()) {
    for (const auto field : fields) json.erase(std::string(field));
  }
  for (auto& part : json) leave_out(part, fields);
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
