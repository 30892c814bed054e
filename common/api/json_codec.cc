#include "common/api/json_codec.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/base/text.h"

namespace pyro::api {
namespace {

/// `timeout_seconds must be an integer, not "abc"`
Error wrong_json(const FieldInfo& info, std::string_view expected, const Json& value) {
  const std::string shown = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return invalid_argument("{} must be {}, not {}", info.name, expected,
                          one_line(shown, kShownValue));
}

void require(bool right, const FieldInfo& info, std::string_view expected, const Json& json) {
  if (!right) throw wrong_json(info, expected, json);
}

/// Up to here a double holds every integer.
constexpr double kExactIntegers = 1ULL << 53U;

/// JSON has one kind of number: 30.0 is an integer in any writer's form.
bool is_whole(const Json& json) {
  return json.is_number_float() && std::trunc(json.get<double>()) == json.get<double>();
}

void read_integer(const FieldInfo& info, const ValueType& type, const Json& json, void* value) {
  AnyInteger number;
  if (json.is_number_unsigned()) {
    number = AnyInteger::of(json.get<std::uint64_t>());
  } else if (json.is_number_integer()) {
    number = AnyInteger::of(json.get<std::int64_t>());
  } else if (is_whole(json)) {
    const auto whole = json.get<double>();
    if (std::abs(whole) > kExactIntegers) throw out_of_range(info, type, whole);
    number = AnyInteger::of(static_cast<std::int64_t>(whole));
    if (!store_integer(type, value, number)) throw out_of_range(info, type, whole);
    return;
  } else {
    throw wrong_json(info, "an integer", json);
  }
  if (!store_integer(type, value, number)) throw out_of_range(info, type, number);
}

void read_message(const MessageType& type, const Json& json, UnknownFields unknown, void* message);

void read_value(const FieldInfo& info, const ValueType& type, const Json& json, void* value,
                UnknownFields unknown) {
  switch (type.kind) {
    case Kind::kOptional:
      if (json.is_null()) return type.reset(value);
      return read_value(info, *type.element, json, type.emplace(value), unknown);
    case Kind::kMessage:
      return read_message(*type.message, json, unknown, value);
    case Kind::kBool:
      require(json.is_boolean(), info, "true or false", json);
      bool_at(value) = json.get<bool>();
      return;
    case Kind::kInteger:
      return read_integer(info, type, json, value);
    case Kind::kNumber:
      require(json.is_number(), info, "a number", json);
      number_at(value) = json.get<double>();
      return;
    case Kind::kText:
      require(json.is_string(), info, "a string", json);
      text_at(value) = json.get_ref<const std::string&>();
      return;
    case Kind::kEnum: {
      require(json.is_string(), info, "a string", json);
      const auto& name = json.get_ref<const std::string&>();
      if (!store_enum(type, value, name)) throw unknown_choice(info, enum_choices(type), name);
      return;
    }
    case Kind::kList: {
      require(json.is_array(), info, "a list", json);
      const Element element(info, type.kind);
      for (const auto& item : json) {
        read_value(element.info, *type.element, item, type.emplace(value), unknown);
      }
      return;
    }
    case Kind::kMap: {
      require(json.is_object(), info, "an object", json);
      const Element element(info, type.kind);
      for (const auto& [key, item] : json.items()) {
        read_value(element.info, *type.element, item, type.value_at(value, key), unknown);
      }
      return;
    }
    case Kind::kBytes:
      throw internal_error("{}: bytes have no JSON form", info.name);
  }
}

void read_message(const MessageType& type, const Json& json, UnknownFields unknown, void* message) {
  if (!json.is_object()) throw invalid_argument("a message must be a JSON object");
  for (const auto& field : type.fields) {
    if (field.info.hidden) continue;
    const auto found = json.find(std::string(field.info.name));
    if (found != json.end()) {
      read_value(field.info, *field.type, *found, field.in(message), unknown);
    } else if (field.info.required) {
      throw missing_field(field.info);
    }
  }
  if (unknown == UnknownFields::kIgnore) return;
  for (const auto& [key, item] : json.items()) {
    const bool known =
        std::any_of(type.fields.begin(), type.fields.end(), [&name = key](const Field& field) {
          return !field.info.hidden && field.info.name == name;
        });
    if (!known) throw invalid_argument("unknown field '{}'", key);
  }
}

}  // namespace

Json value_to_json(const ValueType& type, const void* value) {
  switch (type.kind) {
    case Kind::kOptional: {
      const void* held = type.get(value);
      return held != nullptr ? value_to_json(*type.element, held) : Json(nullptr);
    }
    case Kind::kMessage:
      return to_json(*type.message, value);
    case Kind::kEnum:
      return std::string(enum_name_at(type, value));
    case Kind::kText:
      return to_valid_utf8(text_at(value));
    case Kind::kBool:
      return bool_at(value);
    case Kind::kNumber:
      return number_at(value);
    case Kind::kInteger: {
      const AnyInteger number = integer_at(type, value);
      return type.is_signed ? Json(number.as_signed()) : Json(number.magnitude);
    }
    case Kind::kList: {
      Json list = Json::array();
      for (std::size_t i = 0; i < type.size(value); ++i) {
        list.push_back(value_to_json(*type.element, type.at(value, i)));
      }
      return list;
    }
    case Kind::kMap: {
      Json map = Json::object();
      for (const auto& [key, item] : type.entries(value)) {
        map[to_valid_utf8(*key)] = value_to_json(*type.element, item);
      }
      return map;
    }
    case Kind::kBytes:
      break;
  }
  throw internal_error("bytes have no JSON form");
}

Json to_json(const MessageType& type, const void* message) {
  Json out = Json::object();
  for (const auto& [info, value_type, offset] : type.fields) {
    if (info.hidden) continue;
    const void* value = static_cast<const char*>(message) + offset;
    const bool has_none = value_type->kind == Kind::kOptional && value_type->get(value) == nullptr;
    if (info.absent_when_null && has_none) continue;
    out[std::string(info.name)] = value_to_json(*value_type, value);
  }
  return out;
}

std::string to_json_text(const MessageType& type, const void* message, int indent) {
  return to_json(type, message).dump(indent);
}

void read_json(const MessageType& type, const Json& json, UnknownFields unknown, void* message) {
  read_message(type, json, unknown, message);
  validate(type, message, strictness(unknown));
}

std::optional<Json> parse_json(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

void read_json_text(const MessageType& type, std::string_view text, UnknownFields unknown,
                    std::string_view what, void* message) {
  const auto json = parse_json(text);
  if (!json) throw invalid_argument("{} is not JSON", what);
  with_context(what, [&] { read_json(type, *json, unknown, message); });
}

}  // namespace pyro::api
