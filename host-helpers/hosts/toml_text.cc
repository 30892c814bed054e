#include "host-helpers/hosts/toml_text.h"

#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/base/error.h"
#include "common/base/text.h"
#include "host-helpers/hosts/text_edit.h"

namespace pyro::hosts {
namespace {

using api::Json;
using Kind = TomlItem::Kind;

/// A text nested deeper is no settings file of anybody, and would cost the stack.
constexpr int kDeepestTable = 100;

/// Finds the items of a text that toml++ has accepted: no more than where each begins and ends.
class TomlScanner {
 public:
  explicit TomlScanner(std::string_view text) : text_(text), at_(mark_length(text)) {}

  std::vector<TomlItem> items() {
    for (;;) {
      skip(" \t\r\n");
      if (at_ == text_.size()) return std::move(items_);
      if (text_[at_] == '#') {
        at_ = line_after(text_, at_);
      } else if (text_[at_] == '[') {
        header();
      } else {
        pair(Kind::kPair, header_ == TomlItem::kNone ? SettingPath{} : items_[header_].path,
             header_, 0);
        at_ = line_after(text_, at_);
      }
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw invalid_argument("line {}: this is no TOML", line_number(text_, at_));
  }

  void skip(std::string_view what) {
    at_ = std::min(text_.find_first_not_of(what, at_), text_.size());
  }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  /// White space, line ends and comments, as between the elements of an array.
  void skip_gap() {
    for (;;) {
      skip(" \t\r\n");
      if (at_ == text_.size() || text_[at_] != '#') return;
      at_ = line_after(text_, at_);
    }
  }

  /// `a . "b"`
  SettingPath key() {
    SettingPath parts;
    do {
      skip(" \t");
      const std::size_t begin = at_;
      if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
        skip_text();
        const std::string line = std::string(text_.substr(begin, at_ - begin)) + " = 0";
        parts.emplace_back(toml::parse(line).begin()->first.str());
      } else {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n.=]#\"'").find(text_[at_]) == std::string_view::npos) {
          ++at_;
        }
        if (at_ == begin) fail();
        parts.emplace_back(text_.substr(begin, at_ - begin));
      }
      skip(" \t");
    } while (take("."));
    return parts;
  }

  void header() {
    TomlItem item{.kind = Kind::kHeader, .begin = at_};
    const bool array = take("[[");
    if (!array) ++at_;
    item.path = resolved(key());
    if (!take(array ? "]]" : "]")) fail();
    item.end = at_;
    at_ = line_after(text_, at_);
    if (array) {
      const std::size_t number = elements_[item.path]++;
      item.path.push_back(element(number));
    }
    header_ = items_.size();
    items_.push_back(std::move(item));
  }

  static std::string element(std::size_t number) {
    return std::string(1, '\0') + std::to_string(number);
  }

  /// A header below an array of tables belongs to the last element.
  SettingPath resolved(const SettingPath& path) const {
    SettingPath out;
    for (std::size_t i = 0; i < path.size(); ++i) {
      out.push_back(path[i]);
      const auto array = elements_.find(out);
      if (array != elements_.end() && i + 1 < path.size()) {
        out.push_back(element(array->second - 1));
      }
    }
    return out;
  }

  void pair(Kind kind, SettingPath above, std::size_t parent, int depth) {
    const std::size_t index = items_.size();
    items_.push_back({.kind = kind, .path = std::move(above), .begin = at_, .parent = parent});
    for (auto& part : key()) items_[index].path.push_back(std::move(part));
    if (!take("=")) fail();
    skip(" \t");
    items_[index].value_begin = at_;
    value(index, depth);
    items_[index].end = at_;
  }

  /// Over a value; `pair` is its item, whose inline table has items of its own.
  void value(std::size_t pair_index, int depth) {
    if (depth > kDeepestTable) fail();
    if (at_ == text_.size()) fail();
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      skip_text();
    } else if (c == '[') {
      ++at_;
      for (skip_gap(); !take("]"); skip_gap()) {
        value(TomlItem::kNone, depth + 1);
        skip_gap();
        take(",");
      }
    } else if (c == '{') {
      inline_table(pair_index, depth);
    } else {
      const std::size_t begin = at_;
      while (at_ < text_.size() &&
             std::string_view("\r\n,]}#").find(text_[at_]) == std::string_view::npos) {
        ++at_;
      }
      while (at_ > begin && (text_[at_ - 1] == ' ' || text_[at_ - 1] == '\t')) --at_;
      if (at_ == begin) fail();
    }
  }

  void inline_table(std::size_t pair_index, int depth) {
    ++at_;
    for (skip_gap(); !take("}"); skip_gap()) {
      // Tables in arrays are passed over: no setting of ours is there.
      SettingPath above{std::string(1, '\0')};
      if (pair_index != TomlItem::kNone) above = items_[pair_index].path;
      pair(Kind::kInlinePair, std::move(above), pair_index, depth + 1);
      skip_gap();
      take(",");
    }
  }

  void skip_text() {
    const char quote = text_[at_];
    const std::string three(3, quote);
    if (take(three)) {
      while (!text_.substr(at_).starts_with(three)) {
        if (at_ >= text_.size()) fail();
        at_ += text_[at_] == '\\' && quote == '"' ? 2U : 1U;
      }
      // Up to two quotes may stand before the closing ones.
      while (text_.substr(at_).starts_with(three)) ++at_;
      at_ += 2;
      return;
    }
    ++at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      at_ += text_[at_] == '\\' && quote == '"' ? 2U : 1U;
    }
    if (at_ >= text_.size()) fail();
    ++at_;
  }

  std::string_view text_;
  std::size_t at_;
  std::vector<TomlItem> items_;
  std::size_t header_ = TomlItem::kNone;
  std::map<SettingPath, std::size_t> elements_;
};

std::string toml_text_of(std::string_view value) {
  std::string out;
  for (const char c : Json(value).dump()) {
    if (c == '\x7f') {
      out += "\\u007F";
    } else {
      out += c;
    }
  }
  return out;
}

std::string toml_key(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return (c < 0x80 && std::isalnum(c) != 0) || c == '_' || c == '-';
  });
  return bare ? key : toml_text_of(key);
}

std::string toml_keys(const SettingPath& path, std::size_t from) {
  std::vector<std::string> parts;
  for (std::size_t i = from; i < path.size(); ++i) parts.push_back(toml_key(path[i]));
  return join(parts, ".");
}

/// A value on one line.
std::string toml_value(const Json& value) {
  if (value.is_string()) return toml_text_of(value.get<std::string>());
  std::vector<std::string> parts;
  if (value.is_array()) {
    for (const auto& element : value) parts.push_back(toml_value(element));
    return "[" + join(parts, ", ") + "]";
  }
  if (value.is_object()) {
    for (const auto& [key, below] : value.items()) {
      parts.push_back(toml_key(key) + " = " + toml_value(below));
    }
    return parts.empty() ? "{}" : "{ " + join(parts, ", ") + " }";
  }
  return value.dump();
}

/// A table with its header, and its tables below.
std::string toml_block(const SettingPath& path, const Json& table) {
  std::string out = "[" + toml_keys(path, 0) + "]\n";
  std::string below;
  for (const auto& [key, value] : table.items()) {
    if (value.is_object()) {
      SettingPath longer = path;
      longer.push_back(key);
      below += "\n" + toml_block(longer, value);
    } else {
      out += toml_key(key) + " = " + toml_value(value) + "\n";
    }
  }
  return out + below;
}

bool begins_with(const SettingPath& path, const SettingPath& prefix) {
  return path.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

/// A line of its own after the line that holds `at`.
std::string insert_line(std::string_view text, std::size_t at, std::string line) {
  const std::size_t next = line_after(text, at);
  line += "\n";
  const bool unfinished = next == text.size() && next > mark_length(text) && !text.ends_with('\n');
  if (unfinished) line.insert(0, "\n");
  return apply_edits(text, {{next, next, with_line_ends_of(text, line)}});
}

std::string append_block(std::string_view text, const SettingPath& path, const Json& table) {
  std::string made = toml_block(path, table);
  if (text.size() > mark_length(text)) {
    if (!text.ends_with('\n')) made.insert(0, "\n");
    const std::string_view end = line_end_of(text);
    const bool blank_line =
        text.size() >= 2 * end.size() && text.ends_with(std::string(end) + std::string(end));
    if (!blank_line) made.insert(0, "\n");
  }
  return std::string(text) + with_line_ends_of(text, made);
}

std::string insert_inline(std::string_view text, const TomlItem& table, bool empty,
                          const std::string& pair) {
  const std::size_t closing = table.end - 1;
  const std::size_t last = text.find_last_not_of(" \t\r\n", closing - 1) + 1;
  if (empty) return apply_edits(text, {{last, closing, " " + pair + " "}});
  return apply_edits(text, {{last, last, ", " + pair}});
}

std::string erase_inline(std::string_view text, const std::vector<TomlItem>& items,
                         std::size_t index) {
  const TomlItem& item = items[index];
  std::size_t begin = item.begin;
  std::size_t end = item.end;
  std::size_t next = text.find_first_not_of(" \t\r\n", end);
  if (text[next] == ',') {
    end = text.find_first_not_of(" \t", next + 1);
  } else {
    const std::size_t before = text.find_last_not_of(" \t\r\n", begin - 1);
    if (text[before] == ',') begin = before;
  }
  return apply_edits(text, {{begin, end, ""}});
}

}  // namespace

std::vector<TomlItem> scan_toml(std::string_view text) { return TomlScanner(text).items(); }

Json meaning_of_toml(std::string_view text) {
  try {
    std::ostringstream json;
    json << toml::json_formatter(toml::parse(text));
    return api::parse_json(json.str()).value_or(Json::object());
  } catch (const toml::parse_error& error) {
    throw invalid_argument("line {}: {}", error.source().begin.line, error.description());
  }
}

std::string set_in_toml(std::string_view text, const SettingPath& path, const Json& value) {
  const auto items = scan_toml(text);
  const SettingPath above(path.begin(), path.end() - 1);
  const TomlItem* last_direct = nullptr;  // the last line of the table above
  const TomlItem* header = nullptr;
  const TomlItem* last_dotted = nullptr;  // the last line that names something in it
  const TomlItem* around = nullptr;       // the inline table that is it, or a table above it
  bool around_empty = true;
  for (const auto& item : items) {
    if (item.kind == Kind::kHeader) {
      if (item.path == above) header = &item;
      continue;
    }
    if (item.path == path) {
      return apply_edits(text, {{item.value_begin, item.end, toml_value(value)}});
    }
    if (begins_with(path, item.path)) {
      if (text[item.value_begin] != '{') {
        throw failed_precondition(
            "'{}' is not a table, so that '{}' has no place: change it by hand", shown(item.path),
            shown(path));
      }
      around = &item;
    }
    if (item.kind == Kind::kInlinePair) continue;
    const SettingPath* section =
        item.parent == TomlItem::kNone ? nullptr : &items[item.parent].path;
    if (section == nullptr ? above.empty() : *section == above) {
      last_direct = &item;
    } else if (!above.empty() && begins_with(item.path, above) &&
               (section == nullptr || section->size() < above.size())) {
      last_dotted = &item;
    }
  }
  if (around != nullptr) {
    for (const auto& item : items) {
      if (item.kind == Kind::kInlinePair && item.parent != TomlItem::kNone &&
          &items[item.parent] == around) {
        around_empty = false;
      }
    }
    return insert_inline(text, *around, around_empty,
                         toml_keys(path, around->path.size()) + " = " + toml_value(value));
  }
  const std::string plain = toml_key(path.back()) + " = " + toml_value(value);
  const auto indent = [text](const TomlItem& item) {
    const std::size_t begin = line_begin(text, item.begin);
    return std::string(text.substr(begin, item.begin - begin));
  };
  if (value.is_object() && header == nullptr && last_dotted == nullptr && !above.empty()) {
    return append_block(text, path, value);
  }
  if (last_direct != nullptr) {
    return insert_line(text, last_direct->end, indent(*last_direct) + plain);
  }
  if (header != nullptr) return insert_line(text, header->end, indent(*header) + plain);
  if (last_dotted != nullptr) {
    const std::size_t section =
        last_dotted->parent == TomlItem::kNone ? 0 : items[last_dotted->parent].path.size();
    return insert_line(text, last_dotted->end,
                       indent(*last_dotted) + toml_keys(path, section) + " = " + toml_value(value));
  }
  if (!above.empty()) return append_block(text, above, Json::object({{path.back(), value}}));
  if (value.is_object()) return append_block(text, path, value);
  // Before the first header, in which it would be.
  const auto first = std::find_if(items.begin(), items.end(),
                                  [](const TomlItem& item) { return item.kind == Kind::kHeader; });
  if (first == items.end()) return insert_line(text, text.size(), plain);
  const std::size_t at = line_begin(text, first->begin);
  return apply_edits(text, {{at, at, with_line_ends_of(text, plain + "\n\n")}});
}

/// Without the header of a table that holds nothing, not even a comment.
std::string without_empty_header(std::string text, const SettingPath& path) {
  const auto items = scan_toml(text);
  const auto header = std::find_if(items.begin(), items.end(), [&path](const TomlItem& item) {
    return item.kind == Kind::kHeader && item.path == path;
  });
  const auto inside = std::count_if(items.begin(), items.end(), [&path](const TomlItem& item) {
    return begins_with(item.path, path);
  });
  if (header == items.end() || inside != 1) return text;
  const std::size_t next = header + 1 == items.end() ? text.size() : (header + 1)->begin;
  if (text.substr(header->end, next - header->end).find('#') != std::string::npos) return text;
  std::size_t begin = line_begin(text, header->begin);
  if (begin > mark_length(text)) {
    const std::size_t before = line_begin(text, begin - 1);
    if (trim(std::string_view(text).substr(before, begin - before)).empty()) begin = before;
  }
  return apply_edits(text, {{begin, line_after(text, header->end), ""}});
}

std::string remove_from_toml(std::string_view given, const SettingPath& path) {
  std::string text(given);
  for (;;) {
    const auto items = scan_toml(text);
    const auto found = std::find_if(items.begin(), items.end(), [&path](const TomlItem& item) {
      return begins_with(item.path, path);
    });
    if (found == items.end()) {
      if (text == given || path.size() < 2) return text;
      return without_empty_header(text, SettingPath(path.begin(), path.end() - 1));
    }
    const auto index = static_cast<std::size_t>(found - items.begin());
    if (found->kind == Kind::kInlinePair) {
      text = erase_inline(text, items, index);
      continue;
    }
    std::size_t begin = line_begin(text, found->begin);
    std::size_t end = line_after(text, found->end);
    if (found->kind == Kind::kHeader) {
      // What follows its last line belongs to the next table, or to nobody.
      for (const auto& item : items) {
        if (item.kind == Kind::kPair && item.parent == index) end = line_after(text, item.end);
      }
      // The empty line that set it apart.
      if (begin > mark_length(text)) {
        const std::size_t before = line_begin(text, begin - 1);
        if (trim(std::string_view(text).substr(before, begin - before)).empty()) begin = before;
      }
    }
    text = apply_edits(text, {{begin, end, ""}});
  }
}

}  // namespace pyro::hosts
