#pragma once

#include <algorithm>
#include <msgpack.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/field.h"
#include "common/api/validate.h"

/// A message as a msgpack map of its fields. Sources of bytes are hostile: decoding is bounded in
/// depth, sizes and counts, and throws kInvalidArgument.
namespace pyro::api {

namespace detail {

using Packer = msgpack::packer<msgpack::sbuffer>;

template <class T>
void pack_value(Packer& packer, const T& value);

inline void pack_string(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

template <Message T>
void pack_message(Packer& packer, const T& message) {
  std::uint32_t count = 0;
  for_each_field<T>([&count](const FieldInfo&, auto) { ++count; });
  packer.pack_map(count);
  for_each_field<T>([&](const FieldInfo& info, auto member) {
    pack_string(packer, info.name);
    pack_value(packer, message.*member);
  });
}

template <class T>
void pack_value(Packer& packer, const T& value) {
  if constexpr (kIsOptional<T>) {
    if (value) {
      pack_value(packer, *value);
    } else {
      packer.pack_nil();
    }
  } else if constexpr (Message<T>) {
    pack_message(packer, value);
  } else if constexpr (std::same_as<T, Bytes>) {
    packer.pack_bin(static_cast<std::uint32_t>(value.data.size()));
    packer.pack_bin_body(value.data.data(), static_cast<std::uint32_t>(value.data.size()));
  } else if constexpr (NamedEnum<T>) {
    pack_string(packer, name_of(value));
  } else if constexpr (std::same_as<T, std::string>) {
    pack_string(packer, value);
  } else if constexpr (kIsList<T>) {
    packer.pack_array(static_cast<std::uint32_t>(value.size()));
    for (const auto& item : value) pack_value(packer, item);
  } else if constexpr (kIsMap<T>) {
    packer.pack_map(static_cast<std::uint32_t>(value.size()));
    for (const auto& [key, item] : value) {
      pack_string(packer, key);
      pack_value(packer, item);
    }
  } else {
    packer.pack(value);
  }
}

inline std::string_view as_text(const msgpack::object& object) {
  return {object.via.str.ptr, object.via.str.size};
}

template <class T>
void unpack_value(const FieldInfo& info, const msgpack::object& object, T& value,
                  UnknownFields unknown);

template <Message T>
T unpack_message(const msgpack::object& object, UnknownFields unknown) {
  if (object.type != msgpack::type::MAP) throw invalid_argument("a message must be a map");
  T message{};
  const auto* begin = object.via.map.ptr;
  const auto* end = begin + object.via.map.size;
  std::vector<std::string_view> known;
  for_each_field<T>([&](const FieldInfo& info, auto member) {
    known.push_back(info.name);
    const auto* found = std::find_if(begin, end, [&info](const msgpack::object_kv& pair) {
      return pair.key.type == msgpack::type::STR && as_text(pair.key) == info.name;
    });
    if (found == end) {
      if (info.required) throw missing_field(info);
      return;
    }
    unpack_value(info, found->val, message.*member, unknown);
  });
  if (unknown == UnknownFields::kRefuse) {
    for (const auto* pair = begin; pair != end; ++pair) {
      if (pair->key.type != msgpack::type::STR) throw invalid_argument("a field name must be text");
      if (std::find(known.begin(), known.end(), as_text(pair->key)) == known.end()) {
        throw invalid_argument("unknown field '{}'", as_text(pair->key));
      }
    }
  }
  return message;
}

template <Integer T>
void unpack_integer(const FieldInfo& info, const msgpack::object& object, T& value) {
  if (object.type == msgpack::type::POSITIVE_INTEGER) {
    if (!std::in_range<T>(object.via.u64)) throw out_of_range<T>(info, object.via.u64);
    value = static_cast<T>(object.via.u64);
  } else if (object.type == msgpack::type::NEGATIVE_INTEGER) {
    if (!std::in_range<T>(object.via.i64)) throw out_of_range<T>(info, object.via.i64);
    value = static_cast<T>(object.via.i64);
  } else {
    throw wrong_type(info, "an integer");
  }
}

template <class T>
void unpack_value(const FieldInfo& info, const msgpack::object& object, T& value,
                  UnknownFields unknown) {
  using msgpack::type::object_type;
  if constexpr (kIsOptional<T>) {
    if (object.type == msgpack::type::NIL) {
      value.reset();
    } else {
      unpack_value(info, object, value.emplace(), unknown);
    }
  } else if constexpr (Message<T>) {
    value = unpack_message<T>(object, unknown);
  } else if constexpr (std::same_as<T, bool>) {
    if (object.type != msgpack::type::BOOLEAN) throw wrong_type(info, "true or false");
    value = object.via.boolean;
  } else if constexpr (Integer<T>) {
    unpack_integer(info, object, value);
  } else if constexpr (std::floating_point<T>) {
    if (object.type != msgpack::type::FLOAT64 && object.type != msgpack::type::FLOAT32 &&
        object.type != msgpack::type::POSITIVE_INTEGER &&
        object.type != msgpack::type::NEGATIVE_INTEGER) {
      throw wrong_type(info, "a number");
    }
    value = object.as<T>();
  } else if constexpr (std::same_as<T, std::string>) {
    if (object.type != msgpack::type::STR) throw wrong_type(info, "a string");
    value = as_text(object);
  } else if constexpr (std::same_as<T, Bytes>) {
    if (object.type != msgpack::type::BIN) throw wrong_type(info, "bytes");
    value.data.assign(object.via.bin.ptr, object.via.bin.size);
  } else if constexpr (NamedEnum<T>) {
    if (object.type != msgpack::type::STR) throw wrong_type(info, "a string");
    const auto found = enum_from<T>(as_text(object));
    if (!found) throw unknown_choice<T>(info, as_text(object));
    value = *found;
  } else if constexpr (kIsList<T>) {
    if (object.type != msgpack::type::ARRAY) throw wrong_type(info, "a list");
    for (std::uint32_t i = 0; i < object.via.array.size; ++i) {
      unpack_value(info, object.via.array.ptr[i], value.emplace_back(), unknown);
    }
  } else {
    static_assert(kIsMap<T>, "no msgpack codec for this type");
    if (object.type != msgpack::type::MAP) throw wrong_type(info, "a map");
    for (std::uint32_t i = 0; i < object.via.map.size; ++i) {
      const auto& pair = object.via.map.ptr[i];
      if (pair.key.type != msgpack::type::STR) throw wrong_type(info, "a map with text as keys");
      unpack_value(info, pair.val, value[std::string(as_text(pair.key))], unknown);
    }
  }
}

}  // namespace detail

template <Message T>
std::string to_msgpack(const T& message) {
  msgpack::sbuffer buffer;
  detail::Packer packer(buffer);
  detail::pack_message(packer, message);
  return {buffer.data(), buffer.size()};
}

/// Decodes and validates. `data` must be one whole msgpack object and nothing after it.
template <Message T>
T from_msgpack(std::string_view data, UnknownFields unknown) {
  // Per container 65,536 entries (a header alone makes msgpack allocate them), 32 levels.
  const msgpack::unpack_limit limits(1U << 16U, 1U << 16U, 64U << 20U, 64U << 20U, 0, 32);
  msgpack::object_handle handle;
  std::size_t offset = 0;
  try {
    handle = msgpack::unpack(data.data(), data.size(), offset, nullptr, nullptr, limits);
  } catch (const msgpack::unpack_error& error) {
    throw invalid_argument("malformed msgpack: {}", error.what());
  }
  if (offset != data.size()) throw invalid_argument("malformed msgpack: data after its end");
  T message = detail::unpack_message<T>(handle.get(), unknown);
  validate(message, strictness(unknown));
  return message;
}

}  // namespace pyro::api
