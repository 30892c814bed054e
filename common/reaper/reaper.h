#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace pyro {

/// Deletes expired things by itself: sleeps until the next expiry.
class Reaper {
 public:
  struct Hooks {
    /// When the next thing expires, in seconds since the epoch.
    std::function<std::optional<double>()> next_expiry;
    /// Deletes the expired things.
    std::function<void()> reap;
  };

  explicit Reaper(Hooks hooks);
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;
  ~Reaper();

  /// Call it after an addition: the next expiry may be earlier.
  void wake();

 private:
  void run(const std::stop_token& stop);

  Hooks hooks_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;
  std::jthread thread_;
};

}  // namespace pyro
