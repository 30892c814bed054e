#include "common/api/schema.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace pyro::api {
namespace {

Json type_schema(const ValueType& type, SchemaFor use) {
  switch (type.kind) {
    case Kind::kOptional: {
      Json schema = type_schema(*type.element, use);
      if (use == SchemaFor::kReply) schema["type"] = Json::array({schema["type"], "null"});
      return schema;
    }
    case Kind::kMessage:
      return schema_of(*type.message, use);
    case Kind::kBool:
      return {{"type", "boolean"}};
    case Kind::kInteger:
      return {{"type", "integer"}};
    case Kind::kNumber:
      return {{"type", "number"}};
    case Kind::kEnum: {
      Json names = Json::array();
      for (const auto& [value, name] : type.names) names.push_back(std::string(name));
      return {{"type", "string"}, {"enum", std::move(names)}};
    }
    case Kind::kList:
      return {{"type", "array"}, {"items", type_schema(*type.element, use)}};
    case Kind::kMap:
      return {{"type", "object"}, {"additionalProperties", type_schema(*type.element, use)}};
    case Kind::kText:
    case Kind::kBytes:
      break;
  }
  return {{"type", "string"}};
}

/// Never negative by its type.
bool is_count(const ValueType& type) {
  if (type.kind == Kind::kOptional) return is_count(*type.element);
  return type.kind == Kind::kInteger && !type.is_signed;
}

/// Whether a field that is left out has a value that can be told.
bool has_default(const Field& field) {
  const Kind kind = field.type->kind;
  return !field.info.required && kind != Kind::kOptional && kind != Kind::kMessage &&
         kind != Kind::kList && kind != Kind::kMap;
}

void add_bounds(const Field& field, Json& schema) {
  const FieldInfo& info = field.info;
  if (info.minimum) schema["minimum"] = *info.minimum;
  if (info.maximum) schema["maximum"] = *info.maximum;
  if (field.type->kind == Kind::kInteger) {
    if (info.positive) schema["minimum"] = 1;
    if (is_count(*field.type) && !schema.contains("minimum")) schema["minimum"] = 0;
  } else if (field.type->kind == Kind::kNumber && info.positive) {
    schema["exclusiveMinimum"] = 0;
  }
}

Json field_schema(const Field& field, const void* message, SchemaFor use) {
  const FieldInfo& info = field.info;
  // What is left out rather than null has the type of its value alone.
  const bool is_absent = info.absent_when_null && field.type->kind == Kind::kOptional;
  Json schema = type_schema(is_absent ? *field.type->element : *field.type, use);
  if (use == SchemaFor::kReply) {
    schema["description"] = std::string(info.description);
    return schema;
  }
  schema["description"] = described(field, message);
  add_bounds(field, schema);
  if (info.max_length) {
    const Kind kind = field.type->kind;
    const bool entries = kind == Kind::kList || kind == Kind::kMap;
    schema[kind == Kind::kList  ? "maxItems"
           : kind == Kind::kMap ? "maxProperties"
                                : "maxLength"] = *info.max_length;
    schema["description"] = fmt::format("{} At most {} {}.", described(field, message),
                                        *info.max_length, entries ? "entries" : "bytes");
  }
  if (has_default(field)) schema["default"] = value_to_json(*field.type, field.in(message));
  return schema;
}

}  // namespace

std::string described(const Field& field, const void* message) {
  const FieldInfo& info = field.info;
  std::string text(info.description);
  std::string bounds;
  if (info.minimum && info.maximum) bounds = fmt::format("{} to {}", *info.minimum, *info.maximum);
  if (info.positive && !info.maximum) bounds = "Positive";
  if (bounds.empty() && is_count(*field.type)) bounds = "0 or more";
  std::string fallback;
  if (has_default(field)) {
    fallback = fmt::format("default {}", value_to_json(*field.type, field.in(message)).dump());
  }
  if (bounds.empty() && fallback.empty()) return text;
  if (bounds.empty()) fallback[0] = 'D';
  return fmt::format("{} {}{}{}.", text, bounds, bounds.empty() || fallback.empty() ? "" : "; ",
                     fallback);
}

Json schema_of(const MessageType& type, SchemaFor use) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& field : type.fields) {
    if (field.info.hidden) continue;
    const std::string name(field.info.name);
    properties[name] = field_schema(field, type.defaults, use);
    const bool always_there = use == SchemaFor::kReply && field.type->kind != Kind::kOptional;
    if (field.info.required || always_there) required.push_back(name);
  }
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (use == SchemaFor::kRequest) schema["additionalProperties"] = false;
  return schema;
}

}  // namespace pyro::api
