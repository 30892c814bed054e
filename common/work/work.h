#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/api/progress.h"
#include "common/base/clock.h"

namespace pyro {

/// What every long step of an operation is given: when to end early, and whom to tell.
struct Work {
  Deadline deadline;
  std::stop_token stop;
  api::ProgressSink progress;

  void report(std::string_view phase, std::string_view message,
              std::optional<std::uint64_t> done = std::nullopt,
              std::optional<std::uint64_t> total = std::nullopt) const {
    if (progress) progress({std::string(phase), std::string(message), done, total});
  }
};

}  // namespace pyro
