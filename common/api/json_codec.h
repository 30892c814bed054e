#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/field.h"
#include "common/api/validate.h"
#include "common/base/text.h"

/// A message as a JSON object of its fields, in the order of its list, for doors and records.
/// Hidden fields are none of JSON's: they are not written, and in a request they are unknown.
namespace pyro::api {

using Json = nlohmann::ordered_json;

template <Message T>
Json to_json(const T& message);

namespace detail {

template <class T>
Json json_value(const T& value) {
  if constexpr (kIsOptional<T>) {
    return value ? json_value(*value) : Json(nullptr);
  } else if constexpr (Message<T>) {
    return to_json(value);
  } else if constexpr (NamedEnum<T>) {
    return std::string(name_of(value));
  } else if constexpr (std::same_as<T, std::string>) {
    return to_valid_utf8(value);
  } else if constexpr (kIsList<T>) {
    Json list = Json::array();
    for (const auto& item : value) list.push_back(json_value(item));
    return list;
  } else if constexpr (kIsMap<T>) {
    Json map = Json::object();
    for (const auto& [key, item] : value) map[to_valid_utf8(key)] = json_value(item);
    return map;
  } else {
    static_assert(!std::same_as<T, Bytes>, "bytes have no JSON form");
    return value;
  }
}

/// `timeout_seconds must be an integer, not "abc"`
inline Error wrong_type(const FieldInfo& info, std::string_view expected, const Json& value) {
  const std::string shown = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return invalid_argument("{} must be {}, not {}", info.name, expected,
                          one_line(shown, kShownValue));
}

/// Up to here a double holds every integer.
inline constexpr double kExactIntegers = 1ULL << 53U;

/// JSON has one kind of number: 30.0 is an integer, whoever writes it so.
inline bool is_whole(const Json& json) {
  return json.is_number_float() && std::trunc(json.get<double>()) == json.get<double>();
}

template <Message T>
T message_from_json(const Json& json, UnknownFields unknown);

template <class T>
void read_json(const FieldInfo& info, const Json& json, T& value, UnknownFields unknown) {
  if constexpr (kIsOptional<T>) {
    if (json.is_null()) {
      value.reset();
    } else {
      read_json(info, json, value.emplace(), unknown);
    }
  } else if constexpr (Message<T>) {
    value = message_from_json<T>(json, unknown);
  } else if constexpr (std::same_as<T, bool>) {
    if (!json.is_boolean()) throw wrong_type(info, "true or false", json);
    value = json.template get<bool>();
  } else if constexpr (Integer<T>) {
    if (json.is_number_unsigned()) {
      const auto number = json.template get<std::uint64_t>();
      if (!std::in_range<T>(number)) throw out_of_range<T>(info, number);
      value = static_cast<T>(number);
    } else if (json.is_number_integer()) {
      const auto number = json.template get<std::int64_t>();
      if (!std::in_range<T>(number)) throw out_of_range<T>(info, number);
      value = static_cast<T>(number);
    } else if (is_whole(json)) {
      const auto number = json.template get<double>();
      const bool exact = std::abs(number) <= kExactIntegers;
      if (!exact || !std::in_range<T>(static_cast<std::int64_t>(number))) {
        throw out_of_range<T>(info, number);
      }
      value = static_cast<T>(number);
    } else {
      throw wrong_type(info, "an integer", json);
    }
  } else if constexpr (std::floating_point<T>) {
    if (!json.is_number()) throw wrong_type(info, "a number", json);
    value = json.template get<T>();
  } else if constexpr (std::same_as<T, std::string>) {
    if (!json.is_string()) throw wrong_type(info, "a string", json);
    value = json.template get<std::string>();
  } else if constexpr (NamedEnum<T>) {
    if (!json.is_string()) throw wrong_type(info, "a string", json);
    const auto& name = json.template get_ref<const std::string&>();
    const auto found = enum_from<T>(name);
    if (!found) throw unknown_choice<T>(info, name);
    value = *found;
  } else if constexpr (kIsList<T>) {
    if (!json.is_array()) throw wrong_type(info, "a list", json);
    const Element element(info, /*of_map=*/false);
    for (const auto& item : json) read_json(element.info, item, value.emplace_back(), unknown);
  } else {
    static_assert(kIsMap<T>, "no JSON codec for this type");
    if (!json.is_object()) throw wrong_type(info, "an object", json);
    const Element element(info, /*of_map=*/true);
    for (const auto& [key, item] : json.items()) read_json(element.info, item, value[key], unknown);
  }
}

template <Message T>
T message_from_json(const Json& json, UnknownFields unknown) {
  if (!json.is_object()) throw invalid_argument("a message must be a JSON object");
  T message{};
  std::vector<std::string_view> known;
  for_each_field<T>([&](const FieldInfo& info, auto member) {
    if (info.hidden) return;
    known.push_back(info.name);
    const auto found = json.find(std::string(info.name));
    if (found == json.end()) {
      if (info.required) throw missing_field(info);
      return;
    }
    read_json(info, *found, message.*member, unknown);
  });
  if (unknown == UnknownFields::kRefuse) {
    for (const auto& [key, item] : json.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        throw invalid_argument("unknown field '{}'", key);
      }
    }
  }
  return message;
}

}  // namespace detail

template <Message T>
Json to_json(const T& message) {
  Json out = Json::object();
  for_each_field<T>([&](const FieldInfo& info, auto member) {
    if (info.hidden) return;
    if constexpr (kIsOptional<std::remove_cvref_t<decltype(message.*member)>>) {
      if (info.absent_when_null && !(message.*member)) return;
    }
    out[std::string(info.name)] = detail::json_value(message.*member);
  });
  return out;
}

/// Decodes and validates.
template <Message T>
T from_json(const Json& json, UnknownFields unknown) {
  T message = detail::message_from_json<T>(json, unknown);
  validate(message, strictness(unknown));
  return message;
}

/// The same from text; `what` names its source in the error.
template <Message T>
T from_json_text(std::string_view text, UnknownFields unknown, std::string_view what) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw invalid_argument("{} is not JSON", what);
  return with_context(what, [&] { return from_json<T>(json, unknown); });
}

}  // namespace pyro::api
