#include "host-helpers/hosts/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/error.h"
#include "host-helpers/hosts/text_edit.h"

namespace pyro::hosts {
namespace {

using api::Json;
using Kind = JsonNode::Kind;

/// A text nested deeper is no settings file of anybody, and would cost the stack.
constexpr int kDeepest = 200;

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text), at_(mark_length(text)) {}

  JsonNode whole() {
    skip_space();
    JsonNode root{.begin = at_, .end = at_};
    if (at_ == text_.size()) return root;
    root = value(0);
    skip_space();
    if (at_ != text_.size()) fail("something follows the value");
    return root;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw invalid_argument("line {}: {}", line_number(text_, at_), what);
  }

  void skip_space() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (std::string_view(" \t\r\n").find(rest.front()) != std::string_view::npos) {
        ++at_;
      } else if (rest.starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (rest.starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) fail("a comment does not end");
        at_ = end + 2;
      } else {
        return;
      }
    }
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// Over a string, with its quotes.
  void skip_string() {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
      at_ += text_[at_] == '\\' ? 2U : 1U;
    }
    if (at_ >= text_.size() || text_[at_] != '"') {
      at_ = begin;
      fail("a text does not end");
    }
    ++at_;
    if (!Json::accept(text_.substr(begin, at_ - begin))) {
      at_ = begin;
      fail("a text is not valid");
    }
  }

  JsonNode value(int depth) {
    if (depth > kDeepest) fail("it is nested too deep");
    if (at_ == text_.size()) fail("a value is missing at the end");
    const char c = text_[at_];
    if (c == '{' || c == '[') return container(c == '{', depth);
    JsonNode node{.begin = at_, .end = at_};
    if (c == '"') {
      skip_string();
    } else {
      while (at_ < text_.size() &&
             std::string_view(" \t\r\n,:]}/\"{[").find(text_[at_]) == std::string_view::npos) {
        ++at_;
      }
      if (!Json::accept(text_.substr(node.begin, at_ - node.begin))) {
        at_ = node.begin;
        fail("this is no value");
      }
    }
    node.end = at_;
    return node;
  }

  JsonNode container(bool object, int depth) {
    JsonNode node{.kind = object ? Kind::kObject : Kind::kArray, .begin = at_++, .end = 0};
    const char closing = object ? '}' : ']';
    for (;;) {
      skip_space();
      if (take(closing)) break;
      std::string key;
      const std::size_t key_begin = at_;
      if (object) {
        if (at_ == text_.size()) fail("an object does not end");
        if (text_[at_] != '"') fail("a name in quotes is missing");
        skip_string();
        key = Json::parse(text_.substr(key_begin, at_ - key_begin)).get<std::string>();
        skip_space();
        if (!take(':')) fail("a colon is missing after the name");
        skip_space();
      }
      JsonNode child = value(depth + 1);
      child.key = std::move(key);
      child.key_begin = key_begin;
      node.children.push_back(std::move(child));
      skip_space();
      if (take(',')) continue;
      if (!take(closing)) fail("a comma is missing");
      break;
    }
    node.end = at_;
    return node;
  }

  std::string_view text_;
  std::size_t at_;
};

/// The member that counts: of several with one name the last.
const JsonNode* member(const JsonNode& object, std::string_view key) {
  const auto found = std::find_if(object.children.rbegin(), object.children.rend(),
                                  [key](const JsonNode& child) { return child.key == key; });
  return found == object.children.rend() ? nullptr : &*found;
}

/// The white space before `at` on its line, or nullopt if there is more than that.
std::optional<std::string> indent_before(std::string_view text, std::size_t at) {
  const std::size_t begin = line_begin(text, at);
  const std::string_view before = text.substr(begin, at - begin);
  if (before.find_first_not_of(" \t") != std::string_view::npos) return std::nullopt;
  return std::string(before);
}

/// The white space at the begin of the line of `at`.
std::string indent_of_line(std::string_view text, std::size_t at) {
  const std::size_t begin = line_begin(text, at);
  const std::size_t end = text.find_first_not_of(" \t", begin);
  return std::string(text.substr(begin, std::min(end, text.size()) - begin));
}

/// What one level is indented by in this text.
std::string indent_unit(std::string_view text, const JsonNode& root) {
  if (!root.children.empty()) {
    const bool object = root.kind == Kind::kObject;
    const auto indent = indent_before(text, root.children.front().outer_begin(object));
    if (indent && !indent->empty()) return *indent;
  }
  return "  ";
}

std::string dumped(const Json& value, std::string_view unit, std::string_view indent) {
  const bool tabs = unit.starts_with('\t');
  std::string text = value.dump(static_cast<int>(unit.size()), tabs ? '\t' : ' ');
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out;
}

/// Where `,` stands between two values, or npos.
std::size_t comma_after(std::string_view text, std::size_t at, std::size_t limit) {
  while (at < limit) {
    if (text[at] == ',') return at;
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("//")) {
      at = std::min(text.find('\n', at), limit);
    } else if (rest.starts_with("/*")) {
      at = text.find("*/", at + 2) + 2;
    } else {
      ++at;
    }
  }
  return std::string_view::npos;
}

/// Adds a value, with its name in an object, as the last one of a container.
std::string insert_last(std::string_view text, const JsonNode& root, const JsonNode& container,
                        const std::optional<std::string>& key, const Json& value) {
  const bool object = container.kind == Kind::kObject;
  const std::string name = key ? Json(*key).dump() + ": " : "";
  const std::string unit = indent_unit(text, root);
  const std::size_t closing = container.end - 1;
  const std::string_view inside = text.substr(container.begin, container.end - container.begin);
  std::vector<TextEdit> edits;
  if (container.children.empty()) {
    const std::string outer = indent_of_line(text, container.begin);
    const std::string inner = outer + unit;
    const std::string made = "\n" + inner + name + dumped(value, unit, inner);
    // Comments may be inside.
    const std::size_t last = text.find_last_not_of(" \t\r\n", closing - 1) + 1;
    edits.push_back({last, closing, with_line_ends_of(text, made + "\n" + outer)});
    return apply_edits(text, std::move(edits));
  }
  const JsonNode& last = container.children.back();
  const bool has_comma = comma_after(text, last.end, closing) != std::string_view::npos;
  if (inside.find('\n') == std::string_view::npos) {
    edits.push_back({last.end, last.end, ", " + name + value.dump()});
    return apply_edits(text, std::move(edits));
  }
  if (!has_comma) edits.push_back({last.end, last.end, ","});
  const auto own = indent_before(text, last.outer_begin(object));
  const std::string indent = own ? *own : indent_of_line(text, closing) + unit;
  const std::size_t end = text.find_last_not_of(" \t\r\n", closing - 1) + 1;
  std::string made = "\n" + indent + name + dumped(value, unit, indent);
  if (has_comma) made += ",";  // as the one before it has
  if (text.find('\n', end) > closing) made += "\n" + indent_of_line(text, container.begin);
  edits.push_back({end, end, with_line_ends_of(text, made)});
  return apply_edits(text, std::move(edits));
}

/// Removes the n-th value of a container, with the comma and the lines that were its own.
std::string erase_child(std::string_view text, const JsonNode& container, std::size_t n) {
  const bool object = container.kind == Kind::kObject;
  const JsonNode& child = container.children[n];
  const std::size_t closing = container.end - 1;
  std::vector<TextEdit> edits;
  std::size_t begin = child.outer_begin(object);
  std::size_t end = child.end;
  const bool is_last = n + 1 == container.children.size();
  const std::size_t limit = is_last ? closing : container.children[n + 1].outer_begin(object);
  const std::size_t comma = comma_after(text, end, limit);
  if (comma != std::string_view::npos) {
    // A comment between the value and its comma stays.
    if (text.substr(end, comma - end).find_first_not_of(" \t\r\n") == std::string_view::npos) {
      end = comma + 1;
    } else {
      edits.push_back({comma, comma + 1, ""});
    }
  } else if (n > 0) {
    const std::size_t before =
        comma_after(text, container.children[n - 1].end, child.outer_begin(object));
    edits.push_back({before, before + 1, ""});
  }
  const std::size_t next = text.find_first_not_of(" \t\r", end);
  const bool ends_line = next == std::string_view::npos || text[next] == '\n';
  if (indent_before(text, begin) && ends_line) {
    begin = line_begin(text, begin);
    end = line_after(text, end);
  } else if (indent_before(text, begin) || is_last) {
    // The rest of its line goes on, or the line before it ends here.
    while (begin > 0 && is_last && (text[begin - 1] == ' ' || text[begin - 1] == '\t')) --begin;
  } else if (text[end] == ' ') {
    ++end;
  }
  edits.push_back({begin, end, ""});
  return apply_edits(text, std::move(edits));
}

[[noreturn]] void no_table(const SettingPath& path, std::size_t depth) {
  const SettingPath above(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
  throw failed_precondition("'{}' is not an object, so that '{}' has no place: change it by hand",
                            shown(above), shown(path));
}

/// The value of the setting wrapped into what is missing above it.
Json wrapped(const SettingPath& path, std::size_t from, Json value) {
  for (std::size_t i = path.size(); i > from; --i) value = Json::object({{path[i - 1], value}});
  return value;
}

}  // namespace

JsonNode parse_json_text(std::string_view text) { return JsonScanner(text).whole(); }

Json meaning_of(std::string_view text, const JsonNode& node) {
  if (node.kind == Kind::kOther) {
    return node.begin == node.end ? Json::object()
                                  : Json::parse(text.substr(node.begin, node.end - node.begin));
  }
  Json value = node.kind == Kind::kObject ? Json::object() : Json::array();
  for (const auto& child : node.children) {
    if (node.kind == Kind::kObject) {
      value[child.key] = meaning_of(text, child);
    } else {
      value.push_back(meaning_of(text, child));
    }
  }
  return value;
}

std::string set_in_json(std::string_view text, const SettingPath& path, const Json& value) {
  const JsonNode root = parse_json_text(text);
  if (root.begin == root.end) {
    std::string made = wrapped(path, 0, value).dump(2) + "\n";
    const bool apart = text.size() > mark_length(text) && !text.ends_with('\n');
    if (apart) made.insert(0, "\n");
    return std::string(text) + with_line_ends_of(text, made);
  }
  const JsonNode* node = &root;
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    if (node->kind != Kind::kObject) no_table(path, depth);
    const JsonNode* below = member(*node, path[depth]);
    if (below == nullptr) {
      return insert_last(text, root, *node, path[depth], wrapped(path, depth + 1, value));
    }
    node = below;
  }
  const std::string made =
      dumped(value, indent_unit(text, root), indent_of_line(text, node->key_begin));
  return apply_edits(text, {{node->begin, node->end, with_line_ends_of(text, made)}});
}

std::string remove_from_json(std::string_view given, const SettingPath& path) {
  std::string text(given);
  for (;;) {
    const JsonNode root = parse_json_text(text);
    // All that have the name go, or an earlier one would count from now on.
    const JsonNode* found = nullptr;
    std::size_t index = 0;
    const auto search = [&](const auto& self, const JsonNode& node, std::size_t depth) -> void {
      for (std::size_t i = 0; i < node.children.size() && found == nullptr; ++i) {
        if (node.kind != Kind::kObject || node.children[i].key != path[depth]) continue;
        if (depth + 1 < path.size()) {
          self(self, node.children[i], depth + 1);
        } else {
          found = &node;
          index = i;
        }
      }
    };
    search(search, root, 0);
    if (found == nullptr) return text;
    const std::string_view view = text;
    if (found != &root && found->children.size() == 1 && path.size() > 1 &&
        view.substr(found->begin, found->end - found->begin).find("/*") == std::string_view::npos &&
        view.substr(found->begin, found->children[0].key_begin - found->begin).find("//") ==
            std::string_view::npos &&
        view.substr(found->children[0].end, found->end - found->children[0].end).find("//") ==
            std::string_view::npos) {
      return remove_from_json(text, SettingPath(path.begin(), path.end() - 1));
    }
    text = erase_child(text, *found, index);
  }
}

std::string add_to_json_array(std::string_view text, const SettingPath& path, const Json& element) {
  const JsonNode root = parse_json_text(text);
  const JsonNode* node = &root;
  for (const auto& key : path) {
    const JsonNode* below = node->kind == Kind::kObject ? member(*node, key) : nullptr;
    if (below == nullptr) return set_in_json(text, path, Json::array({element}));
    node = below;
  }
  if (node->kind != Kind::kArray) {
    throw failed_precondition("'{}' is not a list: change it by hand", shown(path));
  }
  return insert_last(text, root, *node, std::nullopt, element);
}

std::string remove_from_json_array(std::string_view text, const SettingPath& path,
                                   const Json& element) {
  const JsonNode root = parse_json_text(text);
  const JsonNode* node = &root;
  for (const auto& key : path) {
    node = node->kind == Kind::kObject ? member(*node, key) : nullptr;
    if (node == nullptr) return std::string(text);
  }
  for (std::size_t i = node->children.size(); node->kind == Kind::kArray && i > 0; --i) {
    if (meaning_of(text, node->children[i - 1]) != element) continue;
    if (node->children.size() == 1) return remove_from_json(text, path);
    return erase_child(text, *node, i - 1);
  }
  return std::string(text);
}

}  // namespace pyro::hosts
