#include "gateway/mcp/tools/arguments.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/mcp/protocol/rpc_error.h"

namespace pyro::mcp {
namespace {

/// A number is not written longer.
constexpr std::size_t kMostDigits = 40;

const api::ValueType& held_type(const api::ValueType& type) {
  return type.kind == api::Kind::kOptional ? *type.element : type;
}

/// The JSON in a text.
std::optional<Json> inner(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const RpcError&) {
    return std::nullopt;
  }
}

Json number_in(const Json& json) {
  const auto& text = json.get_ref<const std::string&>();
  const auto number = text.size() > kMostDigits ? std::nullopt : inner(text);
  return number && number->is_number() ? *number : json;
}

/// Python's spelling is as clear as JSON's.
Json flag_in(const Json& json) {
  const auto& text = json.get_ref<const std::string&>();
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  return json;
}

Json container_in(const Json& json, api::Kind kind) {
  auto value = inner(json.get_ref<const std::string&>());
  const bool right = value && (kind == api::Kind::kList ? value->is_array() : value->is_object());
  return right ? *std::move(value) : json;
}

Json meant(const Json& json, const api::ValueType& type) {
  switch (type.kind) {
    case api::Kind::kOptional:
      return meant(json, *type.element);
    case api::Kind::kBool:
      return json.is_string() ? flag_in(json) : json;
    case api::Kind::kInteger:
    case api::Kind::kNumber:
      return json.is_string() ? number_in(json) : json;
    case api::Kind::kList:
    case api::Kind::kMap: {
      Json all = json.is_string() ? container_in(json, type.kind) : json;
      if (!all.is_structured()) return all;
      const bool labels = type.kind == api::Kind::kMap && type.element->kind == api::Kind::kText;
      for (Json& item : all) {
        item =
            labels && item.is_number_integer() ? Json(to_line(item)) : meant(item, *type.element);
      }
      return all;
    }
    default:
      return json;
  }
}

/// Whether the field keeps a value of its own when the caller gives none. Beside a `clear_<field>`
/// an empty text may as well mean that.
bool empty_is_none(const api::Field& field, const api::MessageType& request, const Json& defaults) {
  const auto kind = held_type(*field.type).kind;
  if (kind != api::Kind::kText && kind != api::Kind::kEnum) return false;
  const auto clears = [&field](const api::Field& other) {
    return other.info.name == "clear_" + std::string(field.info.name);
  };
  if (std::any_of(request.fields.begin(), request.fields.end(), clears)) return false;
  return !field.info.required || defaults.contains(std::string(field.info.name));
}

}  // namespace

Json as_meant(const Json& arguments, const api::MessageType& request, const Json& defaults) {
  Json all = Json::object();
  for (const auto& [name, value] : arguments.items()) {
    if (value.is_null()) continue;
    const auto field =
        std::find_if(request.fields.begin(), request.fields.end(),
                     [&name = name](const api::Field& one) { return one.info.name == name; });
    if (field == request.fields.end()) {
      all[name] = value;
      continue;
    }
    const bool is_empty = value.is_string() && value.get_ref<const std::string&>().empty();
    if (is_empty && empty_is_none(*field, request, defaults)) continue;
    all[name] = meant(value, *field->type);
  }
  return all;
}

}  // namespace pyro::mcp
