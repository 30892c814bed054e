#pragma once

#include <poll.h>

#include <initializer_list>
#include <optional>
#include <stop_token>
#include <vector>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"

namespace pyro {

/// A stop token as a descriptor: readable once a stop is requested.
class StopFd {
 public:
  explicit StopFd(const std::stop_token& token);
  int get() const { return event_.get(); }

 private:
  struct Signal {
    int fd;
    void operator()() const noexcept;
  };
  UniqueFd event_;
  std::stop_callback<Signal> callback_;
};

/// Waits until one of `watched` has one of its events, fills `revents`, returns true.
/// False when the deadline passed first. Throws kCancelled once `stop` is requested.
bool wait_for(std::vector<pollfd>& watched, Deadline deadline, const StopFd& stop);

/// The same for one descriptor.
bool wait_for(int fd, short events, Deadline deadline, const StopFd& stop);

/// Waits for that time; false as soon as a stop is requested.
bool sleep_unless_stopped(Clock::duration time, const std::stop_token& stop);

}  // namespace pyro
