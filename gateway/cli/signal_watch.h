#pragma once

#include <atomic>
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
  /// The received signal, 0 without one.
  int signal() const { return signal_; }

 private:
  void watch();

  UniqueFd signals_;
  std::stop_source stop_;
  std::stop_source ended_;
  std::atomic<int> signal_{0};
  std::jthread thread_;
};

}  // namespace pyro::cli
