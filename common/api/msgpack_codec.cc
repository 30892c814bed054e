#include "common/api/msgpack_codec.h"

#include <algorithm>

#include "common/api/msgpack_object.h"

namespace pyro::api {
namespace {

/// Where a packer writes.
struct Sink {
  std::string& out;
  void write(const char* data, std::size_t bytes) { out.append(data, bytes); }
};
using Packer = msgpack::packer<Sink>;

void pack_string(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

void pack_message(Packer& packer, const MessageType& type, const void* message);

void pack_value(Packer& packer, const ValueType& type, const void* value) {
  switch (type.kind) {
    case Kind::kOptional:
      if (const void* held = type.get(value)) {
        pack_value(packer, *type.element, held);
      } else {
        packer.pack_nil();
      }
      return;
    case Kind::kMessage:
      return pack_message(packer, *type.message, value);
    case Kind::kBytes: {
      const std::string& bytes = bytes_at(value);
      packer.pack_bin(static_cast<std::uint32_t>(bytes.size()));
      packer.pack_bin_body(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
      return;
    }
    case Kind::kEnum:
      return pack_string(packer, enum_name_at(type, value));
    case Kind::kText:
      return pack_string(packer, text_at(value));
    case Kind::kList:
      packer.pack_array(static_cast<std::uint32_t>(type.size(value)));
      for (std::size_t i = 0; i < type.size(value); ++i) {
        pack_value(packer, *type.element, type.at(value, i));
      }
      return;
    case Kind::kMap:
      packer.pack_map(static_cast<std::uint32_t>(type.size(value)));
      for (const auto& [key, item] : type.entries(value)) {
        pack_string(packer, *key);
        pack_value(packer, *type.element, item);
      }
      return;
    case Kind::kBool:
      packer.pack(bool_at(value));
      return;
    case Kind::kNumber:
      packer.pack(number_at(value));
      return;
    case Kind::kInteger: {
      const AnyInteger number = integer_at(type, value);
      if (number.negative) {
        packer.pack(number.as_signed());
      } else {
        packer.pack(number.magnitude);
      }
      return;
    }
  }
}

void pack_message(Packer& packer, const MessageType& type, const void* message) {
  packer.pack_map(static_cast<std::uint32_t>(type.fields.size()));
  for (const auto& field : type.fields) {
    pack_string(packer, field.info.name);
    pack_value(packer, *field.type, field.in(message));
  }
}

std::string_view as_text(const msgpack::object& object) {
  return {object.via.str.ptr, object.via.str.size};
}

void require(bool right, const FieldInfo& info, std::string_view expected) {
  if (!right) throw wrong_type(info, expected);
}

void unpack_message(const MessageType& type, const msgpack::object& object, void* message,
                    UnknownFields unknown);

void unpack_integer(const FieldInfo& info, const ValueType& type, const msgpack::object& object,
                    void* value) {
  AnyInteger number;
  if (object.type == msgpack::type::POSITIVE_INTEGER) {
    number = AnyInteger::of(object.via.u64);
  } else if (object.type == msgpack::type::NEGATIVE_INTEGER) {
    number = AnyInteger::of(object.via.i64);
  } else {
    throw wrong_type(info, "an integer");
  }
  if (!store_integer(type, value, number)) throw out_of_range(info, type, number);
}

void unpack_value(const FieldInfo& info, const ValueType& type, const msgpack::object& object,
                  void* value, UnknownFields unknown) {
  switch (type.kind) {
    case Kind::kOptional:
      if (object.type == msgpack::type::NIL) return type.reset(value);
      return unpack_value(info, *type.element, object, type.emplace(value), unknown);
    case Kind::kMessage:
      return unpack_message(*type.message, object, value, unknown);
    case Kind::kBool:
      require(object.type == msgpack::type::BOOLEAN, info, "true or false");
      bool_at(value) = object.via.boolean;
      return;
    case Kind::kInteger:
      return unpack_integer(info, type, object, value);
    case Kind::kNumber: {
      const auto found = object.type;
      require(found == msgpack::type::FLOAT64 || found == msgpack::type::FLOAT32 ||
                  found == msgpack::type::POSITIVE_INTEGER ||
                  found == msgpack::type::NEGATIVE_INTEGER,
              info, "a number");
      number_at(value) = object.as<double>();
      return;
    }
    case Kind::kText:
      require(object.type == msgpack::type::STR, info, "a string");
      text_at(value) = as_text(object);
      return;
    case Kind::kBytes:
      require(object.type == msgpack::type::BIN, info, "bytes");
      bytes_at(value).assign(object.via.bin.ptr, object.via.bin.size);
      return;
    case Kind::kEnum:
      require(object.type == msgpack::type::STR, info, "a string");
      if (!store_enum(type, value, as_text(object))) {
        throw unknown_choice(info, enum_choices(type), as_text(object));
      }
      return;
    case Kind::kList:
      require(object.type == msgpack::type::ARRAY, info, "a list");
      for (std::uint32_t i = 0; i < object.via.array.size; ++i) {
        unpack_value(info, *type.element, object.via.array.ptr[i], type.emplace(value), unknown);
      }
      return;
    case Kind::kMap:
      require(object.type == msgpack::type::MAP, info, "a map");
      for (std::uint32_t i = 0; i < object.via.map.size; ++i) {
        const auto& pair = object.via.map.ptr[i];
        require(pair.key.type == msgpack::type::STR, info, "a map with text as keys");
        unpack_value(info, *type.element, pair.val,
                     type.value_at(value, std::string(as_text(pair.key))), unknown);
      }
      return;
  }
}

void refuse_unknown(const MessageType& type, const msgpack::object& object) {
  for (std::uint32_t i = 0; i < object.via.map.size; ++i) {
    const auto& key = object.via.map.ptr[i].key;
    if (key.type != msgpack::type::STR) throw invalid_argument("a field name must be text");
    const bool known =
        std::any_of(type.fields.begin(), type.fields.end(),
                    [&key](const Field& field) { return field.info.name == as_text(key); });
    if (!known) throw invalid_argument("unknown field '{}'", as_text(key));
  }
}

void unpack_message(const MessageType& type, const msgpack::object& object, void* message,
                    UnknownFields unknown) {
  if (object.type != msgpack::type::MAP) throw invalid_argument("a message must be a map");
  const auto* begin = object.via.map.ptr;
  const auto* end = begin + object.via.map.size;
  for (const auto& field : type.fields) {
    const auto* found = std::find_if(begin, end, [&field](const msgpack::object_kv& pair) {
      return pair.key.type == msgpack::type::STR && as_text(pair.key) == field.info.name;
    });
    if (found != end) {
      unpack_value(field.info, *field.type, found->val, field.in(message), unknown);
    } else if (field.info.required) {
      throw missing_field(field.info);
    }
  }
  if (unknown == UnknownFields::kRefuse) refuse_unknown(type, object);
}

}  // namespace

void append_msgpack(const MessageType& type, const void* message, std::string& out) {
  Sink sink{out};
  Packer packer(sink);
  pack_message(packer, type, message);
}

void read_msgpack(const MessageType& type, const msgpack::object& object, UnknownFields unknown,
                  void* message) {
  unpack_message(type, object, message, unknown);
  validate(type, message, strictness(unknown));
}

void read_msgpack(const MessageType& type, std::string_view data, UnknownFields unknown,
                  void* message) {
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
  read_msgpack(type, handle.get(), unknown, message);
}

}  // namespace pyro::api
