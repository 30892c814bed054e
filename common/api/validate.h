#pragma once

#include <string>

#include "common/api/field.h"
#include "common/base/error.h"
#include "common/base/text.h"

/// Checks a message against its field list; the refusals are the ones users see.
namespace pyro::api {

/// How much of a value a refusal repeats, in characters.
inline constexpr std::size_t kShownValue = 80;

/// Of a field of type T: beyond its bounds, or beyond what T can hold.
template <class T, class Value>
Error out_of_range(const FieldInfo& info, Value value) {
  if (info.positive && !(value > 0)) {
    return invalid_argument("{} must be positive, not {}", info.name, value);
  }
  if (info.minimum && info.maximum) {
    return invalid_argument("{} must be between {} and {}, not {}", info.name, *info.minimum,
                            *info.maximum, value);
  }
  using Limits = std::numeric_limits<T>;
  if (value > 0)
    return invalid_argument("{} may be at most {}, not {}", info.name, Limits::max(), value);
  return invalid_argument("{} must be at least {}, not {}", info.name, Limits::lowest(), value);
}

/// What is known of each element of a list or map.
struct Element {
  Element(const FieldInfo& field, bool of_map)
      : name(fmt::format("each {} of {}", of_map ? "value" : "entry", field.name)), info(field) {
    info.name = name;
    info.max_length.reset();  // counts elements
  }
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;

  const std::string name;
  FieldInfo info;
};

inline Error too_long(const FieldInfo& info, std::size_t bytes) {
  return invalid_argument("{} may be at most {} bytes long, not {}", info.name, *info.max_length,
                          bytes);
}

inline Error missing_field(const FieldInfo& info) {
  return invalid_argument("{} is required", info.name);
}

inline Error wrong_type(const FieldInfo& info, std::string_view expected) {
  return invalid_argument("{} must be {}", info.name, expected);
}

template <NamedEnum E>
Error unknown_choice(const FieldInfo& info, std::string_view value) {
  return invalid_argument("{} must be one of: {}; not '{}'", info.name, enum_choices<E>(),
                          one_line(value, kShownValue));
}

/// What to do with a field that the list does not have: requests refuse it by name, replies
/// ignore it, so that versions can differ.
enum class UnknownFields { kRefuse, kIgnore };

/// A request is held to all that its list says. A reply may hold what a guest printed: its
/// strings may be empty and contain NUL.
enum class Strictness { kRequest, kReply };

constexpr Strictness strictness(UnknownFields unknown) {
  return unknown == UnknownFields::kRefuse ? Strictness::kRequest : Strictness::kReply;
}

template <Message T>
void validate(const T& message, Strictness strictness = Strictness::kRequest);

namespace detail {

template <class T>
void validate_value(const FieldInfo& info, const T& value, Strictness strictness) {
  if constexpr (kIsOptional<T>) {
    if (value) validate_value(info, *value, strictness);
  } else if constexpr (Message<T>) {
    validate(value, strictness);
  } else if constexpr (kIsList<T> || kIsMap<T>) {
    if (info.max_length && value.size() > *info.max_length) {
      throw invalid_argument("{} may have at most {} entries, not {}", info.name, *info.max_length,
                             value.size());
    }
    const Element element(info, kIsMap<T>);
    if constexpr (kIsList<T>) {
      for (const auto& item : value) validate_value(element.info, item, strictness);
    } else {
      for (const auto& [key, item] : value) validate_value(element.info, item, strictness);
    }
  } else if constexpr (std::same_as<T, std::string>) {
    if (info.max_length && value.size() > *info.max_length) {
      throw too_long(info, value.size());
    }
    if (strictness == Strictness::kReply) return;
    if (info.required && !info.may_be_empty && value.empty()) {
      throw invalid_argument("{} must not be empty", info.name);
    }
    if (value.find('\0') != std::string::npos) {
      throw invalid_argument("{} must not contain a NUL byte", info.name);
    }
  } else if constexpr (std::same_as<T, Bytes>) {
    if (info.max_length && value.data.size() > *info.max_length) {
      throw too_long(info, value.data.size());
    }
  } else if constexpr (Integer<T>) {
    const bool too_small = info.minimum && std::cmp_less(value, *info.minimum);
    const bool too_large = info.maximum && std::cmp_greater(value, *info.maximum);
    if (too_small || too_large || (info.positive && value <= 0)) throw out_of_range<T>(info, value);
  } else if constexpr (std::floating_point<T>) {
    // Written so that a NaN is refused as well.
    const bool too_small = info.minimum && !(value >= static_cast<T>(*info.minimum));
    const bool too_large = info.maximum && !(value <= static_cast<T>(*info.maximum));
    if (too_small || too_large || (info.positive && !(value > 0)))
      throw out_of_range<T>(info, value);
  }
}

}  // namespace detail

template <Message T>
void validate(const T& message, Strictness strictness) {
  for_each_field<T>([&](const FieldInfo& info, auto member) {
    detail::validate_value(info, message.*member, strictness);
  });
}

}  // namespace pyro::api
