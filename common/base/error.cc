#include "common/base/error.h"

#include <array>
#include <cstring>

#include "common/base/reasons/stack.h"

namespace pyro {
namespace {

constexpr std::array<std::string_view, 9> kNames = {
    "invalid_argument", "not_found",          "failed_precondition",
    "already_exists",   "resource_exhausted", "deadline_exceeded",
    "unavailable",      "cancelled",          "internal",
};

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorCode::kResourceExhausted;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    default:
      return ErrorCode::kInternal;
  }
}

std::string_view reason_of(int error_number) {
  const bool disk_full = error_number == ENOSPC || error_number == EDQUOT;
  return disk_full ? std::string_view(reason::kDiskFull) : std::string_view();
}

}  // namespace

std::string_view to_string(ErrorCode code) { return kNames.at(static_cast<std::size_t>(code)); }

ErrorCode error_code_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames.at(i) == name) return static_cast<ErrorCode>(i);
  }
  return ErrorCode::kInternal;
}

Error::Error(ErrorCode code, std::string_view reason, fmt::string_view text, fmt::format_args args)
    : Error(code, reason, fmt::vformat(text, args)) {}

Error Error::within(std::string_view attempt) const {
  return {code_, reason_, fmt::format("{}: {}", attempt, message_)};
}

Error system_error(std::string_view call, int error_number) {
  return {code_of(error_number), reason_of(error_number),
          fmt::format("{}: {}", call, std::strerror(error_number))};
}

}  // namespace pyro
