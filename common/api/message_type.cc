#include "common/api/message_type.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace pyro::api {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63U;

std::uint64_t mask_of(std::uint8_t bytes) {
  return bytes == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8U * bytes)) - 1;
}

}  // namespace

AnyInteger AnyInteger::of(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return {value < 0, value < 0 ? ~bits + 1 : bits};
}

bool AnyInteger::less_than(const AnyInteger& other) const {
  if (negative != other.negative) return negative;
  return negative ? magnitude > other.magnitude : magnitude < other.magnitude;
}

std::int64_t AnyInteger::as_signed() const {
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

std::string AnyInteger::text() const { return fmt::format("{}{}", negative ? "-" : "", magnitude); }

AnyInteger least_of(const ValueType& type) {
  if (!type.is_signed) return {};
  return {true, kSignBit >> (64U - 8U * type.bytes)};
}

AnyInteger greatest_of(const ValueType& type) {
  const std::uint64_t mask = mask_of(type.bytes);
  return {false, type.is_signed ? mask >> 1U : mask};
}

AnyInteger integer_at(const ValueType& type, const void* value) {
  // Little-endian, as every host and guest of pyro is: the lowest bytes come first.
  std::uint64_t bits = 0;
  std::memcpy(&bits, value, type.bytes);
  const std::uint64_t sign = std::uint64_t{1} << (8U * type.bytes - 1);
  if (type.is_signed && (bits & sign) != 0) bits |= ~mask_of(type.bytes);
  return type.is_signed ? AnyInteger::of(static_cast<std::int64_t>(bits)) : AnyInteger::of(bits);
}

bool store_integer(const ValueType& type, void* value, const AnyInteger& number) {
  if (number.less_than(least_of(type)) || greatest_of(type).less_than(number)) return false;
  const std::uint64_t bits = number.negative ? ~number.magnitude + 1 : number.magnitude;
  std::memcpy(value, &bits, type.bytes);
  return true;
}

std::string_view enum_name_at(const ValueType& type, const void* value) {
  const std::int64_t number = integer_at(type, value).as_signed();
  for (const auto& [candidate, name] : type.names) {
    if (candidate == number) return name;
  }
  return "?";
}

bool store_enum(const ValueType& type, void* value, std::string_view name) {
  for (const auto& [number, candidate] : type.names) {
    if (candidate == name) return store_integer(type, value, AnyInteger::of(number));
  }
  return false;
}

std::string enum_choices(const ValueType& type) {
  std::string out;
  for (const auto& [number, name] : type.names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

void assign_fields(const MessageType& to_type, void* to, const MessageType& from_type,
                   const void* from) {
  for (const auto& field : to_type.fields) {
    const auto same = std::find_if(
        from_type.fields.begin(), from_type.fields.end(), [&field](const Field& candidate) {
          return candidate.info.name == field.info.name && candidate.type == field.type;
        });
    if (same != from_type.fields.end()) field.type->assign(field.in(to), same->in(from));
  }
}

}  // namespace pyro::api
