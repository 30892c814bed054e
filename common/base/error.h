#pragma once

#include <fmt/core.h>

#include <cerrno>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/reason.h"
#include "common/base/visibility.h"

namespace pyro {

/// The closed set of error codes on the bus.
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

/// The name on the wire, such as `invalid_argument`.
PYRO_API std::string_view to_string(ErrorCode code);

/// The code of that name; an unknown name of a newer peer is kInternal.
PYRO_API ErrorCode error_code_from(std::string_view name);

/// The one exception of the suite: one sentence for the user with the failure and the way out, and
/// a code and a reason for programs. Thrown at the failure; caught by the bus dispatcher and by
/// main.
class PYRO_API Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : Error(code, {}, std::move(message)) {}
  /// `reason`: one of common/base/reasons or of a newer peer; empty: none.
  Error(ErrorCode code, std::string_view reason, std::string message)
      : code_(code), reason_(reason), message_(std::move(message)) {}
  /// For the functions below.
  Error(ErrorCode code, std::string_view reason, fmt::string_view text, fmt::format_args args);

  ErrorCode code() const { return code_; }
  /// `workspace_gone`; the name of the code if the refusal has no reason.
  std::string_view reason() const { return reason_.empty() ? to_string(code_) : reason_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

  /// The same error, with the attempted action in front: `start vm 'x': open '/dev/kvm': …`.
  Error within(std::string_view attempt) const;

 private:
  ErrorCode code_;
  std::string reason_;
  std::string message_;
};

/// `not_found("job '{}' does not exist", id)`, also with a reason first:
/// `not_found(reason::kJobMissing, …)`.
template <class... Args>
Error invalid_argument(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kInvalidArgument, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error invalid_argument(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kInvalidArgument, reason, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error not_found(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kNotFound, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error not_found(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kNotFound, reason, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error failed_precondition(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kFailedPrecondition, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error failed_precondition(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kFailedPrecondition, reason, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error already_exists(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kAlreadyExists, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error already_exists(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kAlreadyExists, reason, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error resource_exhausted(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kResourceExhausted, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error resource_exhausted(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kResourceExhausted, reason, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error deadline_exceeded(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kDeadlineExceeded, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error deadline_exceeded(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kDeadlineExceeded, reason, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error unavailable(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kUnavailable, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error unavailable(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kUnavailable, reason, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error cancelled(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kCancelled, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error cancelled(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kCancelled, reason, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error internal_error(fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kInternal, {}, text, fmt::make_format_args(args...)};
}
template <class... Args>
Error internal_error(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
  return {ErrorCode::kInternal, reason, text, fmt::make_format_args(args...)};
}

/// The failed system call and errno's text: `open '/dev/kvm': Permission denied`.
/// A full disk is kResourceExhausted, a missing file kNotFound, anything else kInternal.
PYRO_API Error system_error(std::string_view call, int error_number = errno);

/// Runs `action`; puts `attempt` before the message of an Error from it.
template <class Action>
decltype(auto) with_context(std::string_view attempt, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const Error& error) {
    throw error.within(attempt);
  }
}

}  // namespace pyro
