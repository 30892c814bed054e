#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "common/base/clock.h"

namespace pyro::mcp {

/// The one thread that does what is due for all calls, from the first of them on.
class ProgressTicker {
 public:
  /// Does what is due; returns when to come again, nothing when it is over.
  using Tick = std::function<std::optional<Clock::time_point>()>;

  ProgressTicker() = default;
  ProgressTicker(const ProgressTicker&) = delete;
  ProgressTicker& operator=(const ProgressTicker&) = delete;
  ~ProgressTicker();

  void add(Tick tick);
  /// Something is due earlier than its tick said.
  void look_again();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Tick> added_;
  bool look_again_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pyro::mcp
