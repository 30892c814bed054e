#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace pyro::workspace {

/// Collects garbage beside the calls: twice at the start, and again whenever something stayed
/// behind. A collection that fails, because another service is away, is repeated.
class Collector {
 public:
  /// Ends early on a stop, which comes with the service's end.
  using Collect = std::function<void(const std::stop_token& stop)>;

  explicit Collector(Collect collect);
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  /// Something stayed behind.
  void wake();

 private:
  void run(const std::stop_token& stop);

  Collect collect_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool due_ = true;
  std::jthread thread_;
};

}  // namespace pyro::workspace
