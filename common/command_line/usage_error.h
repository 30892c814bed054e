#pragma once

#include <string>
#include <utility>

#include "common/base/error.h"

namespace pyro {

/// A wrong command line: `error: …`, a hint, exit status 2.
class UsageError : public Error {
 public:
  static constexpr int kExitStatus = 2;

  explicit UsageError(std::string message)
      : Error(ErrorCode::kInvalidArgument, std::move(message)) {}
};

}  // namespace pyro
