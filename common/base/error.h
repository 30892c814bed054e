#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/visibility.h"

namespace pyro {

/// The closed set of error codes that travel on the bus.
enum class ErrorCode {
  kInvalidArgument,
  kNotFound,
  kFailedPrecondition,
  kAlreadyExists,
  kResourceExhausted,
  kDeadlineExceeded,
  kUnavailable,
  kCancelled,
  kInternal,
};

/// `invalid_argument` and so on: the name on the wire.
PYRO_API std::string_view to_string(ErrorCode code);

/// The code of that name; an unknown name, as a newer peer may send, is kInternal.
PYRO_API ErrorCode error_code_from(std::string_view name);

/// The one exception of the suite: what happened and what to do, in one sentence for a person.
/// Thrown where a thing fails; caught by the bus dispatcher and by main.
class PYRO_API Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

  /// The same error with what was being attempted before it: `start vm 'x': open '/dev/kvm': …`.
  Error within(std::string_view attempt) const;

 private:
  ErrorCode code_;
  std::string message_;
};

template <class... Args>
Error invalid_argument(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kInvalidArgument, fmt::format(text, std::forward<Args>(args)...)};
}
template <class... Args>
Error not_found(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kNotFound, fmt::format(text, std::forward<Args>(args)...)};
}
template <class... Args>
Error failed_precondition(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kFailedPrecondition, fmt::format(text, std::forward<Args>(args)...)};
}
template <class... Args>
Error already_exists(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kAlreadyExists, fmt::format(text, std::forward<Args>(args)...)};
}
template <class... Args>
Error resource_exhausted(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kResourceExhausted, fmt::format(text, std::forward<Args>(args)...)};
}
template <class... Args>
Error deadline_exceeded(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kDeadlineExceeded, fmt::format(text, std::forward<Args>(args)...)};
}
template <class... Args>
Error unavailable(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kUnavailable, fmt::format(text, std::forward<Args>(args)...)};
}
template <class... Args>
Error cancelled(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kCancelled, fmt::format(text, std::forward<Args>(args)...)};
}
template <class... Args>
Error internal_error(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kInternal, fmt::format(text, std::forward<Args>(args)...)};
}

/// The system call that failed and errno's text: `open '/dev/kvm': Permission denied`.
/// A full disk is kResourceExhausted, a missing file kNotFound, anything else kInternal.
PYRO_API Error system_error(std::string_view call, int error_number = errno);

/// Runs `action`; an Error it throws gets `attempt` put before its message.
template <class Action>
decltype(auto) with_context(std::string_view attempt, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const Error& error) {
    throw error.within(attempt);
  }
}

}  // namespace pyro
