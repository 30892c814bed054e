#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace pyro::workspace {

/// Collects garbage beside the calls: once at the start, and again whenever something stayed
/// behind. A collection that fails, because another service is away, is repeated.
class Collector {
 public:
  explicit Collector(std::function<void()> collect);
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  /// Something stayed behind.
  void wake();

 private:
  void run(const std::stop_token& stop);

  std::function<void()> collect_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool due_ = true;
  std::jthread thread_;
};

}  // namespace pyro::workspace
