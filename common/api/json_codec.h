#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/api/validate.h"

/// A message as a JSON object of its fields, in the order of its list, for doors and records. JSON
/// has no hidden fields: they are not written, and unknown in a request. A file that looks into a
/// Json includes <nlohmann/json.hpp> itself.
namespace pyro::api {

using Json = nlohmann::ordered_json;

Json to_json(const MessageType& type, const void* message);
template <Message T, class J = Json>
J to_json(const T& message) {
  return to_json(message_type<T>(), &message);
}

/// The document on one line, or indented by `indent` spaces per level.
std::string to_json_text(const MessageType& type, const void* message, int indent);
template <Message T>
std::string to_json_text(const T& message, int indent = -1) {
  return to_json_text(message_type<T>(), &message, indent);
}

/// Decodes into a fresh message, and validates it.
void read_json(const MessageType& type, const Json& json, UnknownFields unknown, void* message);
template <Message T>
T from_json(const Json& json, UnknownFields unknown) {
  T message{};
  read_json(message_type<T>(), json, unknown, &message);
  return message;
}

/// The same from text; an error calls it `what`.
void read_json_text(const MessageType& type, std::string_view text, UnknownFields unknown,
                    std::string_view what, void* message);
template <Message T>
T from_json_text(std::string_view text, UnknownFields unknown, std::string_view what) {
  T message{};
  read_json_text(message_type<T>(), text, unknown, what, &message);
  return message;
}

/// One value, as in to_json.
/// nullopt: it is not JSON.
std::optional<Json> parse_json(std::string_view text);

Json value_to_json(const ValueType& type, const void* value);

}  // namespace pyro::api
