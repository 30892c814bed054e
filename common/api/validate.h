#pragma once

#include <string>
#include <string_view>

#include "common/api/message_type.h"
#include "common/base/error.h"

/// Checks a message against its field list; the refusals are the ones users see.
namespace pyro::api {

/// How much of a value a refusal repeats, in characters.
inline constexpr std::size_t kShownValue = 80;

/// Of an integer that is beyond its field's bounds, or beyond what `type` can hold.
Error out_of_range(const FieldInfo& info, const ValueType& type, const AnyInteger& value);
/// The same of a number that is no integer, or of none that an integer can be.
Error out_of_range(const FieldInfo& info, const ValueType& type, double value);
Error too_long(const FieldInfo& info, std::size_t bytes);
Error missing_field(const FieldInfo& info);
Error wrong_type(const FieldInfo& info, std::string_view expected);
/// `choices`: as enum_choices names them.
Error unknown_choice(const FieldInfo& info, const std::string& choices, std::string_view value);

/// What is known of each element of a list or map.
struct Element {
  Element(const FieldInfo& field, Kind container);
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;

  const std::string name;
  FieldInfo info;
};

/// What to do with a field that the list does not have: requests refuse it by name, replies
/// ignore it, so that versions can differ.
enum class UnknownFields { kRefuse, kIgnore };

/// A request is held to all that its list says. A reply may hold what a guest printed: its
/// strings may be empty and contain NUL.
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
