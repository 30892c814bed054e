#pragma once

#include <string>

#include "common/api/field.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::api {

/// An error on the bus, on a guest's link, and in the JSON of the doors.
struct ErrorBody {
  /// The longest message that a peer may send. A sender cuts the middle of a longer one.
  static constexpr std::size_t kMostMessageBytes = 64U << 10U;

  std::string code;
  std::string reason;
  std::string message;

  template <class Fields>
  static void describe(Fields& f) {
    f("code", &ErrorBody::code, "One of the closed set of error codes.", kRequired, max_length(64));
    f("reason", &ErrorBody::reason,
      "Name of the refusal, for a program; docs/reasons.md lists them.",
      max_length(Reason::kMostBytes));
    f("message", &ErrorBody::message, "One sentence for the user.", kRequired,
      max_length(kMostMessageBytes));
  }
};

inline ErrorBody error_body(const Error& error) {
  // Room for the sign that replaces the middle.
  constexpr std::size_t kMost = ErrorBody::kMostMessageBytes - 8;
  return {.code = std::string(to_string(error.code())),
          .reason = std::string(error.reason()),
          .message = error.message().size() > kMost ? without_middle(error.message(), kMost)
                                                    : error.message()};
}

/// The error in `body`. An unknown code of a newer peer becomes kInternal; an unknown reason is
/// kept.
inline Error error_from(const ErrorBody& body) {
  return {error_code_from(body.code), body.reason, body.message};
}

}  // namespace pyro::api
