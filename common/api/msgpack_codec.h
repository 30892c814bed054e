#pragma once

#include <string>
#include <string_view>

#include "common/api/validate.h"

/// A message as a msgpack map of its fields. Bytes may be hostile: decoding limits depth, sizes and
/// counts, and throws kInvalidArgument.
namespace pyro::api {

/// Appends the encoded message to `out`.
void append_msgpack(const MessageType& type, const void* message, std::string& out);
template <Message T>
void append_msgpack(const T& message, std::string& out) {
  append_msgpack(message_type<T>(), &message, out);
}
template <Message T>
std::string to_msgpack(const T& message) {
  std::string out;
  append_msgpack(message, out);
  return out;
}

/// Decodes into a fresh message, and validates it. `data` must be exactly one msgpack object.
void read_msgpack(const MessageType& type, std::string_view data, UnknownFields unknown,
                  void* message);
template <Message T>
T from_msgpack(std::string_view data, UnknownFields unknown) {
  T message{};
  read_msgpack(message_type<T>(), data, unknown, &message);
  return message;
}

}  // namespace pyro::api
