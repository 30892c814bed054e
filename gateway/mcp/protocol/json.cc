#include "gateway/mcp/protocol/json.h"

#include <fmt/core.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "gateway/mcp/protocol/rpc_error.h"

namespace pyro::mcp {
namespace {

/// Builds the value without recursion. nlohmann's own builder looks for each key among those
/// before it, which is quadratic.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }
  bool end_object() override {
    keep_last_of_each_key(open_.back()->get_ref<Json::object_t&>());
    open_.pop_back();
    return true;
  }
  bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    throw RpcError(rpc::kParseError,
                   fmt::format("Parse error: no valid JSON in UTF-8 at byte {}", position));
  }

 private:
  /// As the vector that it is: what looks for keys is left to the end of the object.
  using Members = Json::object_t::Container;

  Json& place(Json value) {
    if (++values_ > kMaxValues) {
      throw RpcError(rpc::kInvalidRequest,
                     fmt::format("Invalid Request: more than {} values in a message", kMaxValues));
    }
    if (open_.empty()) return root_ = std::move(value);
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return parent.back();
    }
    Members& members = parent.get_ref<Json::object_t&>();
    members.emplace_back(std::move(key_), std::move(value));
    return members.back().second;
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (open_.size() == kMaxDepth) {
      throw RpcError(rpc::kInvalidRequest,
                     fmt::format("Invalid Request: nested deeper than {} levels", kMaxDepth));
    }
    open_.push_back(&place(std::move(value)));
    return true;
  }
  static void keep_last_of_each_key(Json::object_t& object) {
    Members& members = object;
    if (members.size() < 2) return;
    std::unordered_map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < members.size(); ++i) last[members[i].first] = i;
    if (last.size() == members.size()) return;
    Json::object_t kept;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (last[members[i].first] != i) continue;
      static_cast<Members&>(kept).emplace_back(members[i].first, std::move(members[i].second));
    }
    object = std::move(kept);
  }

  Json root_;
  /// The arrays and objects that are not closed yet. Only the innermost grows, so none of them
  /// moves.
  std::vector<Json*> open_;
  std::string key_;
  std::size_t values_ = 0;
};

/// The code unit of an escape `\uXXXX` that begins at `at`.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const char* const end = text.data() + at + 6;
  const auto [parsed, failed] = std::from_chars(text.data() + at + 2, end, unit, 16);
  if (failed != std::errc() || parsed != end) return std::nullopt;
  return unit;
}

void replace_lone_surrogates(std::string& text) {
  for (auto at = text.find('\\'); at != std::string::npos; at = text.find('\\', at)) {
    const auto unit = escaped_unit(text, at);
    if (!unit) {
      at += 2;
    } else if (*unit < 0xD800 || *unit > 0xDFFF) {
      at += 6;
    } else {
      const auto next = *unit < 0xDC00 ? escaped_unit(text, at + 6) : std::nullopt;
      if (next && *next >= 0xDC00 && *next <= 0xDFFF) {
        at += 12;
      } else {
        text.replace(at, 6, "\\ufffd");
        at += 6;
      }
    }
  }
}

}  // namespace

Json parse_json(std::string text) {
  replace_lone_surrogates(text);
  Builder builder;
  Json::sax_parse(text, &builder);
  return builder.take();
}

std::size_t bytes_of(const Json& json) {
  std::size_t bytes = sizeof(Json);
  if (json.is_string()) {
    bytes += sizeof(std::string) + json.get_ref<const std::string&>().size();
  } else if (json.is_array()) {
    bytes += sizeof(Json::array_t);
    for (const Json& one : json) bytes += bytes_of(one);
  } else if (json.is_object()) {
    bytes += sizeof(Json::object_t);
    for (const auto& [key, value] : json.get_ref<const Json::object_t&>()) {
      bytes += sizeof(std::string) + key.size() + bytes_of(value);
    }
  }
  return bytes;
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pyro::mcp
