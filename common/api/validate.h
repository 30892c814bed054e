#pragma once

#include <string>
#include <string_view>

#include "common/api/message_type.h"
#include "common/base/error.h"

/// Checks a message against its field list. Users see the refusals.
namespace pyro::api {

/// How many characters of a value a refusal quotes.
inline constexpr std::size_t kShownValue = 80;

/// The refusal of an integer outside its field's bounds or the range of `type`.
Error out_of_range(const FieldInfo& info, const ValueType& type, const AnyInteger& value);
/// The same for a number that is not an integer, or too large for one.
Error out_of_range(const FieldInfo& info, const ValueType& type, double value);
Error too_long(const FieldInfo& info, std::size_t bytes);
Error missing_field(const FieldInfo& info);
Error wrong_type(const FieldInfo& info, std::string_view expected);
/// `choices`: as enum_choices names them.
Error unknown_choice(const FieldInfo& info, const std::string& choices, std::string_view value);

/// The properties of each element of a list or map.
struct Element {
  Element(const FieldInfo& field, Kind container);
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;

  const std::string name;
  FieldInfo info;
};

/// What to do with an unknown field: requests refuse it by name, replies ignore it, so that
/// versions can differ.
enum class UnknownFields { kRefuse, kIgnore };

/// A request must satisfy its whole list. A reply may hold a guest's output: its strings may be
/// empty and contain NUL.
enum class Strictness { kRequest, kReply };

constexpr Strictness strictness(UnknownFields unknown) {
  return unknown == UnknownFields::kRefuse ? Strictness::kRequest : Strictness::kReply;
}

void validate(const MessageType& type, const void* message, Strictness strictness);
template <Message T>
void validate(const T& message, Strictness strictness = Strictness::kRequest) {
  validate(message_type<T>(), &message, strictness);
}

}  // namespace pyro::api
