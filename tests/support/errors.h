#pragma once

#include <gmock/gmock.h>

#include <optional>

#include "common/base/error.h"

namespace pyro::testing {

/// The Error that `action` throws; nothing when it throws none.
template <class Action>
std::optional<Error> error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

/// Matches what error_of gave: an Error of this code whose message fits.
inline auto Refused(ErrorCode code, const ::testing::Matcher<const std::string&>& message =
                                        ::testing::A<const std::string&>()) {
  return ::testing::Optional(
      ::testing::AllOf(::testing::Property("code", &Error::code, ::testing::Eq(code)),
                       ::testing::Property("message", &Error::message, message)));
}

/// The same with the message verbatim.
inline auto Refused(ErrorCode code, const char* message) {
  return Refused(code, ::testing::Matcher<const std::string&>(::testing::Eq(std::string(message))));
}

/// Matches an Error of this reason.
inline auto Refused(Reason reason) {
  return ::testing::Optional(
      ::testing::Property("reason", &Error::reason, ::testing::Eq(reason.name())));
}

}  // namespace pyro::testing

namespace pyro {

inline void PrintTo(const Error& error, std::ostream* out) {
  *out << to_string(error.code()) << ", " << error.reason() << ": " << error.message();
}

}  // namespace pyro
