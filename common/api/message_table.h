#pragma once

#include <algorithm>
#include <type_traits>

#include "common/api/message_type.h"

/// Makes tables of messages. For the one .cc of a noun:
///
///   PYRO_API_TABLES(SnapshotsApi)   of an Api's requests and replies, inside pyro::api
///   PYRO_TABLE(pyro::vm::Record)    of one message, outside of every namespace
///
/// The parts of a message get their tables with it. A large one whose table stands in another .cc
/// is not compiled a second time with
///
///   PYRO_TABLE_ELSEWHERE(pyro::vm::Record)   before PYRO_TABLE, outside of every namespace
namespace pyro::api {
namespace detail {

template <class T>
const ValueType& value_type();

template <class T>
ValueType make_optional_type() {
  using Optional = std::optional<T>;
  return {.kind = Kind::kOptional,
          .element = &value_type<T>(),
          .get = [](const void* optional) -> const void* {
            const auto& value = *static_cast<const Optional*>(optional);
            return value ? &*value : nullptr;
          },
          .reset = [](void* optional) { static_cast<Optional*>(optional)->reset(); },
          .emplace = [](void* optional) -> void* {
            return &static_cast<Optional*>(optional)->emplace();
          }};
}

template <class T>
ValueType make_list_type() {
  using List = std::vector<T>;
  static_assert(!std::same_as<T, bool>, "a vector<bool> has no elements to point to");
  return {.kind = Kind::kList,
          .element = &value_type<T>(),
          .emplace = [](void* list) -> void* { return &static_cast<List*>(list)->emplace_back(); },
          .size = [](const void* list) { return static_cast<const List*>(list)->size(); },
          .at = [](const void* list, std::size_t index) -> const void* {
            return &(*static_cast<const List*>(list))[index];
          }};
}

template <class T>
ValueType make_map_type() {
  using Map = std::map<std::string, T>;
  return {.kind = Kind::kMap,
          .element = &value_type<T>(),
          .size = [](const void* map) { return static_cast<const Map*>(map)->size(); },
          .entries =
              [](const void* map) {
                std::vector<std::pair<const std::string*, const void*>> entries;
                for (const auto& [key, value] : *static_cast<const Map*>(map)) {
                  entries.emplace_back(&key, &value);
                }
                return entries;
              },
          .value_at = [](void* map, std::string key) -> void* {
            return &(*static_cast<Map*>(map))[std::move(key)];
          }};
}

template <NamedEnum E>
ValueType make_enum_type() {
  using Number = std::underlying_type_t<E>;
  ValueType type{
      .kind = Kind::kEnum, .bytes = sizeof(Number), .is_signed = std::is_signed_v<Number>};
  for (const auto& [value, name] : enum_names(E{})) {
    type.names.emplace_back(static_cast<std::int64_t>(value), name);
  }
  return type;
}

template <class T>
ValueType make_value_type() {
  if constexpr (kIsOptional<T>) {
    return make_optional_type<typename T::value_type>();
  } else if constexpr (Message<T>) {
    return {.kind = Kind::kMessage, .message = &message_type<T>()};
  } else if constexpr (std::same_as<T, bool>) {
    return {.kind = Kind::kBool};
  } else if constexpr (Integer<T>) {
    return {.kind = Kind::kInteger, .bytes = sizeof(T), .is_signed = std::is_signed_v<T>};
  } else if constexpr (std::same_as<T, double>) {
    return {.kind = Kind::kNumber};
  } else if constexpr (std::same_as<T, std::string>) {
    return {.kind = Kind::kText};
  } else if constexpr (std::same_as<T, Bytes>) {
    return {.kind = Kind::kBytes};
  } else if constexpr (NamedEnum<T>) {
    return make_enum_type<T>();
  } else if constexpr (kIsList<T>) {
    return make_list_type<typename T::value_type>();
  } else {
    static_assert(kIsMap<T>, "a field cannot be of this type");
    return make_map_type<typename T::mapped_type>();
  }
}

template <class T>
const ValueType& value_type() {
  static const ValueType type = [] {
    ValueType made = make_value_type<T>();
    made.assign = [](void* to, const void* from) {
      *static_cast<T*>(to) = *static_cast<const T*>(from);
    };
    return made;
  }();
  return type;
}

/// The argument of `describe`: collects each field's properties, its type, and its offset in a T.
template <class T>
struct FieldsOf {
  const T& defaults;
  std::vector<Field>& fields;

  /// `Owner` is T or one of its bases.
  template <class Owner, class Value, class... Tags>
  void operator()(std::string_view name, Value Owner::*member, std::string_view description,
                  const Tags&... tags) {
    Field field;
    field.info.name = name;
    field.info.description = description;
    (tags.apply(field.info), ...);
    field.type = &value_type<Value>();
    const auto* begin = reinterpret_cast<const char*>(&defaults);
    field.offset = static_cast<std::size_t>(
        reinterpret_cast<const char*>(&(static_cast<const Owner&>(defaults).*member)) - begin);
    fields.push_back(field);
  }
};

template <class T>
MessageType make_message_type() {
  static const T defaults{};
  MessageType type{.defaults = &defaults};
  FieldsOf<T> fields{defaults, type.fields};
  T::describe(fields);
  return type;
}

template <class Operations>
struct Tables;
template <Operation... Ops>
struct Tables<Api<Ops...>> {
  static void make() { ((message_type<Ops>(), message_type<typename Ops::Reply>()), ...); }
};

}  // namespace detail

template <class T>
const MessageType& message_type() {
  static const MessageType type = detail::make_message_type<T>();
  return type;
}

}  // namespace pyro::api

#define PYRO_API_TABLES(...) template struct detail::Tables<__VA_ARGS__>;
#define PYRO_TABLE(Message) \
  template const pyro::api::MessageType& pyro::api::message_type<Message>();
#define PYRO_TABLE_ELSEWHERE(Message) \
  extern template const pyro::api::MessageType& pyro::api::message_type<Message>();
