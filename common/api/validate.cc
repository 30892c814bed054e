#include "common/api/validate.h"

#include "common/base/text.h"

namespace pyro::api {
namespace {

void validate_value(const FieldInfo& info, const ValueType& type, const void* value,
                    Strictness strictness);

void validate_elements(const FieldInfo& info, const ValueType& type, const void* value,
                       Strictness strictness) {
  const std::size_t size = type.size(value);
  if (info.max_length && size > *info.max_length) {
    throw invalid_argument("{} may have at most {} entries, not {}", info.name, *info.max_length,
                           size);
  }
  if (size == 0) return;
  const Element element(info, type.kind);
  if (type.kind == Kind::kList) {
    for (std::size_t i = 0; i < size; ++i) {
      validate_value(element.info, *type.element, type.at(value, i), strictness);
    }
  } else {
    for (const auto& [key, item] : type.entries(value)) {
      validate_value(element.info, *type.element, item, strictness);
    }
  }
}

void validate_text(const FieldInfo& info, const std::string& text, Strictness strictness) {
  if (info.max_length && text.size() > *info.max_length) throw too_long(info, text.size());
  if (strictness == Strictness::kReply) return;
  if (info.required && !info.may_be_empty && text.empty()) {
    throw invalid_argument("{} must not be empty", info.name);
  }
  if (text.find('\0') != std::string::npos) {
    throw invalid_argument("{} must not contain a NUL byte", info.name);
  }
}

void validate_integer(const FieldInfo& info, const ValueType& type, const AnyInteger& value) {
  const bool too_small = info.minimum && value.less_than(AnyInteger::of(*info.minimum));
  const bool too_large = info.maximum && AnyInteger::of(*info.maximum).less_than(value);
  const bool not_positive = info.positive && (value.negative || value.magnitude == 0);
  if (too_small || too_large || not_positive) throw out_of_range(info, type, value);
}

void validate_number(const FieldInfo& info, const ValueType& type, double value) {
  // Written so that a NaN is refused as well.
  const bool too_small = info.minimum && !(value >= static_cast<double>(*info.minimum));
  const bool too_large = info.maximum && !(value <= static_cast<double>(*info.maximum));
  const bool not_positive = info.positive && !(value > 0);
  if (too_small || too_large || not_positive) throw out_of_range(info, type, value);
}

void validate_value(const FieldInfo& info, const ValueType& type, const void* value,
                    Strictness strictness) {
  switch (type.kind) {
    case Kind::kOptional:
      if (const void* held = type.get(value)) {
        validate_value(info, *type.element, held, strictness);
      }
      return;
    case Kind::kMessage:
      return validate(*type.message, value, strictness);
    case Kind::kList:
    case Kind::kMap:
      return validate_elements(info, type, value, strictness);
    case Kind::kText:
      return validate_text(info, text_at(value), strictness);
    case Kind::kBytes:
      if (info.max_length && bytes_at(value).size() > *info.max_length) {
        throw too_long(info, bytes_at(value).size());
      }
      return;
    case Kind::kInteger:
      return validate_integer(info, type, integer_at(type, value));
    case Kind::kNumber:
      return validate_number(info, type, number_at(value));
    case Kind::kBool:
    case Kind::kEnum:
      return;
  }
}

/// `value` is positive, as text.
Error beyond(const FieldInfo& info, const ValueType& type, bool positive,
             const std::string& value) {
  if (info.positive && !positive) {
    return invalid_argument("{} must be positive, not {}", info.name, value);
  }
  if (info.minimum && info.maximum) {
    return invalid_argument("{} must be between {} and {}, not {}", info.name, *info.minimum,
                            *info.maximum, value);
  }
  if (positive) {
    return invalid_argument("{} may be at most {}, not {}", info.name, greatest_of(type).text(),
                            value);
  }
  const AnyInteger least = least_of(type);
  if (!info.minimum && least.magnitude == 0) {
    return invalid_argument("{} must not be negative, as {} is", info.name, value);
  }
  return invalid_argument("{} must be at least {}, not {}", info.name, least.text(), value);
}

}  // namespace

Error out_of_range(const FieldInfo& info, const ValueType& type, const AnyInteger& value) {
  return beyond(info, type, !value.negative && value.magnitude > 0, value.text());
}

Error out_of_range(const FieldInfo& info, const ValueType& type, double value) {
  return beyond(info, type, value > 0, fmt::format("{}", value));
}

Element::Element(const FieldInfo& field, Kind container)
    : name(fmt::format("each {} of {}", container == Kind::kMap ? "value" : "entry", field.name)),
      info(field) {
  info.name = name;
  info.max_length.reset();  // counts elements
}

Error too_long(const FieldInfo& info, std::size_t bytes) {
  return invalid_argument("{} may be at most {} bytes long, not {}", info.name, *info.max_length,
                          bytes);
}

Error missing_field(const FieldInfo& info) { return invalid_argument("{} is required", info.name); }

Error wrong_type(const FieldInfo& info, std::string_view expected) {
  return invalid_argument("{} must be {}", info.name, expected);
}

Error unknown_choice(const FieldInfo& info, const std::string& choices, std::string_view value) {
  return invalid_argument("{} must be one of: {}; not '{}'", info.name, choices,
                          one_line(value, kShownValue));
}

void validate(const MessageType& type, const void* message, Strictness strictness) {
  for (const auto& field : type.fields) {
    validate_value(field.info, *field.type, field.in(message), strictness);
  }
}

}  // namespace pyro::api
