#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "common/base/unique_fd.h"

namespace pyro::cli {

/// Turns Ctrl-C, SIGTERM and SIGHUP into a stop request; a second one ends the process at once.
/// Make it before any other thread.
class SignalWatch {
 public:
  SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  std::stop_token token() const { return stop_.get_token(); }
  /// Requests a stop without a signal.
  void stop() { stop_.request_stop(); }
  /// Called before a second signal ends the process; empty: no more. It must not throw.
  void before_exit(std::function<void()> action);
  /// The received signal, 0 without one.
  int signal() const { return signal_; }

 private:
  void watch();

  UniqueFd signals_;
  std::stop_source stop_;
  std::stop_source ended_;
  std::atomic<int> signal_{0};
  std::mutex mutex_;
  std::function<void()> before_exit_;
  std::jthread thread_;
};

}  // namespace pyro::cli
