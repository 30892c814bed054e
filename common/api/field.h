#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The one field list of a message, and the properties of a field.
///
/// A message is a struct with `template <class F> static void describe(F& f)` that names each
/// member once: `f("mem_mib", &T::mem_mib, "Memory in MiB.", range(256, 32768))`. Codecs,
/// validation, schemas and options walk the table made of that list (message_type.h). Fields that
/// several messages share are in a base, and each message's list calls `Part::describe(f)`.
namespace pyro::api {

/// Raw bytes, such as a guest's output: msgpack bin; never in JSON.
struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

/// The properties of a field beside its C++ type.
struct FieldInfo {
  std::string_view name;
  std::string_view description;
  bool required = false;
  bool may_be_empty = false;
  bool positive = false;
  bool positional = false;
  bool hidden = false;
  bool absent_when_null = false;
  std::optional<std::int64_t> minimum;
  std::optional<std::int64_t> maximum;
  std::optional<std::size_t> max_length;
};

/// A tag sets one property of a FieldInfo.
struct Range {
  std::int64_t minimum;
  std::int64_t maximum;
  constexpr void apply(FieldInfo& info) const {
    info.minimum = minimum;
    info.maximum = maximum;
  }
};
struct MaxLength {
  std::size_t value;
  constexpr void apply(FieldInfo& info) const { info.max_length = value; }
};
struct Flag {
  bool FieldInfo::*member;
  constexpr void apply(FieldInfo& info) const { info.*member = true; }
};

/// Includes both ends. Refusal: `vcpu_count must be between 1 and 8, not 9`.
constexpr Range range(std::int64_t minimum, std::int64_t maximum) { return {minimum, maximum}; }
/// In bytes, for strings and Bytes; in elements for lists and maps.
constexpr MaxLength max_length(std::size_t value) { return {value}; }
/// The caller must give it, and it must not be empty.
inline constexpr Flag kRequired{&FieldInfo::required};
/// With kRequired: empty text is allowed.
inline constexpr Flag kMayBeEmpty{&FieldInfo::may_be_empty};
/// Refusal: `timeout_seconds must be positive, not 0`.
inline constexpr Flag kPositive{&FieldInfo::positive};
/// A positional argument on the command line.
inline constexpr Flag kPositional{&FieldInfo::positional};
/// Only between processes of the suite: not in schemas, not on the command line.
inline constexpr Flag kHidden{&FieldInfo::hidden};
/// JSON omits this optional field when it has no value; others are null.
inline constexpr Flag kAbsentWhenNull{&FieldInfo::absent_when_null};

namespace detail {

struct Probe {
  template <class... Args>
  void operator()(Args&&...) {}
};

}  // namespace detail

/// A struct with a field list.
template <class T>
concept Message = requires(detail::Probe& probe) {
  T::describe(probe);
};

/// An enum with names: argument-dependent lookup finds
/// `constexpr std::array<std::pair<State, std::string_view>, 3> enum_names(State)`.
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  enum_names(e);
};

template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  for (const auto& [candidate, name] : enum_names(value)) {
    if (candidate == value) return name;
  }
  return "?";
}

template <NamedEnum E>
std::optional<E> enum_from(std::string_view name) {
  for (const auto& [value, candidate] : enum_names(E{})) {
    if (candidate == name) return value;
  }
  return std::nullopt;
}

/// `created, started, stopped`
template <NamedEnum E>
std::string enum_choices() {
  std::string out;
  for (const auto& [value, name] : enum_names(E{})) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
inline constexpr bool kIsOptional = IsOptional<T>::value;

template <class T>
struct IsList : std::false_type {};
template <class T>
struct IsList<std::vector<T>> : std::true_type {};
template <class T>
inline constexpr bool kIsList = IsList<T>::value;

template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <class T>
inline constexpr bool kIsMap = IsMap<T>::value;

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

/// Whether a caller may safely repeat the operation after a lost answer.
enum class Idempotent { kNo, kYes };

/// The name of an operation on the bus, and whether a caller may repeat it.
struct Method {
  std::string_view name;
  Idempotent idempotent = Idempotent::kNo;
};

/// A request that names its method and its reply.
template <class T>
concept Operation = Message<T> && Message<typename T::Reply> && requires {
  { T::kMethod } -> std::convertible_to<Method>;
};

/// All operations of one service; a service that misses a handler for one does not compile.
template <Operation... Ops>
struct Api {};

/// An empty reply.
struct Nothing {
  template <class Fields>
  static void describe(Fields&) {}
};

}  // namespace pyro::api
