#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/api/field.h"

namespace pyro::api {

/// One step of a long operation, for the waiting user.
struct Progress {
  std::string phase;
  std::string message;
  std::optional<std::uint64_t> done;
  std::optional<std::uint64_t> total;

  template <class Fields>
  static void describe(Fields& f) {
    f("phase", &Progress::phase, "Short name of the phase, stable within an operation.");
    f("message", &Progress::message, "What is being done.");
    f("done", &Progress::done, "Units done so far, where the size is known.");
    f("total", &Progress::total, "Units in all, where the size is known.");
  }
  bool operator==(const Progress&) const = default;
};

/// Receives the steps of a long operation; may be empty.
using ProgressSink = std::function<void(const Progress&)>;

}  // namespace pyro::api
