#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace pyro {

/// Enforces lifetimes without being asked: sleeps until the next one ends.
class Reaper {
 public:
  struct Hooks {
    /// When the next thing expires, in seconds since the epoch.
    std::function<std::optional<double>()> next_expiry;
    /// Deletes what has expired.
    std::function<void()> reap;
  };

  explicit Reaper(Hooks hooks);
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;
  ~Reaper();

  /// Something was added: the next expiry may have come closer.
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
