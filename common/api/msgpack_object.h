#pragma once

#include <msgpack.hpp>

#include "common/api/validate.h"

/// For a reader that cuts a stream into msgpack objects itself.
namespace pyro::api {

/// Decodes into a fresh message, and validates it.
void read_msgpack(const MessageType& type, const msgpack::object& object, UnknownFields unknown,
                  void* message);
template <Message T>
T from_msgpack(const msgpack::object& object, UnknownFields unknown) {
  T message{};
  read_msgpack(message_type<T>(), object, unknown, &message);
  return message;
}

}  // namespace pyro::api
