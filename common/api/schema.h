#pragma once

#include "common/api/json_codec.h"

/// The JSON Schema (2020-12) of a message, by the portable rules for MCP clients: a root
/// of type object, one type per field, bounds and defaults repeated in the descriptions.
namespace pyro::api {

/// A request schema shows the fields that a caller may send, a reply schema all that may come back
/// (nullable fields included).
enum class SchemaFor { kRequest, kReply };

Json schema_of(const MessageType& type, SchemaFor use);
template <Message T>
auto schema_of(SchemaFor use) {
  return schema_of(message_type<T>(), use);
}

/// `Memory in MiB. 256 to 32768; default 1024.` The default is that of `message`.
std::string described(const Field& field, const void* message);

}  // namespace pyro::api
