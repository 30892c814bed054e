#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/field.h"

/// A message's field list as a table that ordinary functions walk: the msgpack codec, the JSON
/// codec, validation, the JSON Schema and the command line's options are compiled once, not once
/// per message. See docs/decisions/0023-field-tables.md.
namespace pyro::api {

enum class Kind {
  kBool,
  kInteger,
  kNumber,
  kText,
  kBytes,
  kEnum,
  kOptional,
  kList,
  kMap,
  kMessage,
};

struct MessageType;

/// The C++ type of a field's value, and how to access a value by its address. The kind decides
/// which members are set.
struct ValueType {
  Kind kind = Kind::kBool;
  /// Assigns a value of the same type.
  void (*assign)(void* to, const void* from) = nullptr;

  // kInteger and kEnum
  std::uint8_t bytes = 0;
  bool is_signed = false;
  /// kEnum: each value with its name.
  std::vector<std::pair<std::int64_t, std::string_view>> names;

  // kOptional, kList and kMap
  const ValueType* element = nullptr;
  /// kOptional: the value, or null.
  const void* (*get)(const void* optional) = nullptr;
  void (*reset)(void* optional) = nullptr;
  /// kOptional: a new value in it; kList: a new last element.
  void* (*emplace)(void* container) = nullptr;
  /// kList and kMap.
  std::size_t (*size)(const void* container) = nullptr;
  const void* (*at)(const void* list, std::size_t index) = nullptr;
  /// kMap: keys and values in the order of the keys.
  std::vector<std::pair<const std::string*, const void*>> (*entries)(const void* map) = nullptr;
  /// kMap: the value at `key`, created if missing.
  void* (*value_at)(void* map, std::string key) = nullptr;

  /// kMessage
  const MessageType* message = nullptr;
};

/// One field of a message.
struct Field {
  FieldInfo info;
  const ValueType* type = nullptr;
  std::size_t offset = 0;  ///< bytes from the message's address

  const void* in(const void* message) const { return static_cast<const char*>(message) + offset; }
  void* in(void* message) const { return static_cast<char*>(message) + offset; }
};

struct MessageType {
  std::vector<Field> fields;
  /// A fresh message: the source of the defaults.
  const void* defaults = nullptr;
};

/// The table of T. The .cc of its noun makes it with message_table.h; a message without a table
/// does not link.
template <class T>
[[gnu::used]] const MessageType& message_type();

// Values by their address and type.

inline bool& bool_at(void* value) { return *static_cast<bool*>(value); }
inline bool bool_at(const void* value) { return *static_cast<const bool*>(value); }
inline double& number_at(void* value) { return *static_cast<double*>(value); }
inline double number_at(const void* value) { return *static_cast<const double*>(value); }
inline std::string& text_at(void* value) { return *static_cast<std::string*>(value); }
inline const std::string& text_at(const void* value) {
  return *static_cast<const std::string*>(value);
}
inline std::string& bytes_at(void* value) { return static_cast<Bytes*>(value)->data; }
inline const std::string& bytes_at(const void* value) {
  return static_cast<const Bytes*>(value)->data;
}

/// An integer of a message, or a candidate for one: holds any int64_t or uint64_t.
struct AnyInteger {
  bool negative = false;
  std::uint64_t magnitude = 0;

  static AnyInteger of(std::int64_t value);
  static AnyInteger of(std::uint64_t value) { return {false, value}; }
  bool operator==(const AnyInteger&) const = default;
  bool less_than(const AnyInteger& other) const;
  /// If it fits.
  std::int64_t as_signed() const;
  std::string text() const;
};

/// Of an integer or enum type.
AnyInteger integer_at(const ValueType& type, const void* value);
/// False, with nothing changed, if the type cannot hold that number.
bool store_integer(const ValueType& type, void* value, const AnyInteger& number);
AnyInteger least_of(const ValueType& type);
AnyInteger greatest_of(const ValueType& type);

/// The name of an enum's value; `?` without a name.
std::string_view enum_name_at(const ValueType& type, const void* value);
/// False, with nothing changed, for an unknown name.
bool store_enum(const ValueType& type, void* value, std::string_view name);
/// `created, started, stopped`
std::string enum_choices(const ValueType& type);

/// Copies each field that both have, by name and type.
void assign_fields(const MessageType& to_type, void* to, const MessageType& from_type,
                   const void* from);
template <Message To, Message From>
void assign_fields(To& to, const From& from) {
  assign_fields(message_type<To>(), &to, message_type<From>(), &from);
}

}  // namespace pyro::api
