#pragma once

#include "common/api/json_codec.h"

/// The JSON Schema (2020-12) of a message, by the portable rules that MCP clients take: a root
/// of type object, one type per field, bounds and defaults repeated in the descriptions.
namespace pyro::api {

/// A request shows what a caller may send, a reply what comes back (nullable fields included).
enum class SchemaFor { kRequest, kReply };

template <Message T>
Json schema_of(SchemaFor use);

namespace detail {

template <class T>
Json type_schema(SchemaFor use) {
  if constexpr (kIsOptional<T>) {
    Json schema = type_schema<typename T::value_type>(use);
    if (use == SchemaFor::kReply) schema["type"] = Json::array({schema["type"], "null"});
    return schema;
  } else if constexpr (Message<T>) {
    return schema_of<T>(use);
  } else if constexpr (std::same_as<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (Integer<T>) {
    return {{"type", "integer"}};
  } else if constexpr (std::floating_point<T>) {
    return {{"type", "number"}};
  } else if constexpr (NamedEnum<T>) {
    Json names = Json::array();
    for (const auto& [value, name] : enum_names(T{})) names.push_back(std::string(name));
    return {{"type", "string"}, {"enum", std::move(names)}};
  } else if constexpr (kIsList<T>) {
    return {{"type", "array"}, {"items", type_schema<typename T::value_type>(use)}};
  } else if constexpr (kIsMap<T>) {
    return {{"type", "object"},
            {"additionalProperties", type_schema<typename T::mapped_type>(use)}};
  } else {
    return {{"type", "string"}};
  }
}

template <class T>
constexpr bool is_count() {
  if constexpr (kIsOptional<T>) return is_count<typename T::value_type>();
  return std::unsigned_integral<T> && !std::same_as<T, bool>;
}
/// Never negative by its type.
template <class T>
inline constexpr bool kIsCount = is_count<T>();

/// `Memory in MiB. 256 to 32768; default 1024.`
template <class T>
std::string described(const FieldInfo& info, const T& default_value) {
  std::string text(info.description);
  std::string bounds;
  if (info.minimum && info.maximum) bounds = fmt::format("{} to {}", *info.minimum, *info.maximum);
  if (info.positive) bounds = "Positive";
  if constexpr (kIsCount<T>) {
    if (bounds.empty()) bounds = "0 or more";
  }
  std::string fallback;
  if constexpr (!kIsOptional<T> && !Message<T> && !kIsList<T> && !kIsMap<T>) {
    if (!info.required) fallback = fmt::format("default {}", json_value(default_value).dump());
  }
  if (bounds.empty() && fallback.empty()) return text;
  if (bounds.empty()) fallback[0] = 'D';
  return fmt::format("{} {}{}{}.", text, bounds, bounds.empty() || fallback.empty() ? "" : "; ",
                     fallback);
}

/// What is left out rather than null has the type of its value alone.
template <class T>
Json field_type_schema(const FieldInfo& info, SchemaFor use) {
  if constexpr (kIsOptional<T>) {
    if (info.absent_when_null) return type_schema<typename T::value_type>(use);
  }
  return type_schema<T>(use);
}

template <class T>
Json field_schema(const FieldInfo& info, const T& default_value, SchemaFor use) {
  Json schema = field_type_schema<T>(info, use);
  if (use == SchemaFor::kReply) {
    schema["description"] = std::string(info.description);
    return schema;
  }
  schema["description"] = described(info, default_value);
  if (info.minimum) schema["minimum"] = *info.minimum;
  if (info.maximum) schema["maximum"] = *info.maximum;
  if constexpr (Integer<T>) {
    if (info.positive) schema["minimum"] = 1;
    if (kIsCount<T> && !schema.contains("minimum")) schema["minimum"] = 0;
  } else if constexpr (std::floating_point<T>) {
    if (info.positive) schema["exclusiveMinimum"] = 0;
  }
  if (info.max_length) {
    constexpr bool kEntries = kIsList<T> || kIsMap<T>;
    schema[kIsList<T> ? "maxItems" : kIsMap<T> ? "maxProperties" : "maxLength"] = *info.max_length;
    schema["description"] = fmt::format("{} At most {} {}.", described(info, default_value),
                                        *info.max_length, kEntries ? "entries" : "bytes");
  }
  if constexpr (!kIsOptional<T> && !Message<T> && !kIsList<T> && !kIsMap<T>) {
    if (!info.required) schema["default"] = json_value(default_value);
  }
  return schema;
}

}  // namespace detail

template <Message T>
Json schema_of(SchemaFor use) {
  Json properties = Json::object();
  Json required = Json::array();
  const T defaults{};
  for_each_field<T>([&](const FieldInfo& info, auto member) {
    if (info.hidden) return;
    using Value = std::remove_cvref_t<decltype(defaults.*member)>;
    const std::string name(info.name);
    properties[name] = detail::field_schema(info, defaults.*member, use);
    const bool always_there = use == SchemaFor::kReply && !kIsOptional<Value>;
    if (info.required || always_there) required.push_back(name);
  });
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (use == SchemaFor::kRequest) schema["additionalProperties"] = false;
  return schema;
}

}  // namespace pyro::api
