#include "common/process/wait.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <climits>

#include "common/base/error.h"

namespace pyro {

void StopFd::Signal::operator()() const noexcept {
  // The counter of an eventfd takes a 1 without blocking until 2^64-2 were written.
  ::eventfd_write(fd, 1);
}

StopFd::StopFd(const std::stop_token& token)
    : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(token, Signal{event_.get()}) {
  if (!event_) throw system_error("eventfd");
}

bool wait_for(std::vector<pollfd>& watched, Deadline deadline, const StopFd& stop) {
  watched.push_back({stop.get(), POLLIN, 0});
  int ready = 0;
  while (true) {
    // One more than what is left: rounding down would spin through the last millisecond.
    const auto left = std::min<std::int64_t>(remaining(deadline).count() + 1, INT_MAX);
    ready = ::poll(watched.data(), watched.size(), static_cast<int>(left));
    if (ready >= 0) break;
    if (errno != EINTR) throw system_error("poll");
  }
  const bool stopped = watched.back().revents != 0;
  watched.pop_back();
  if (stopped) throw cancelled("cancelled by the caller");
  return ready > 0;
}

bool wait_for(int fd, short events, Deadline deadline, const StopFd& stop) {
  std::vector<pollfd> watched{{fd, events, 0}};
  return wait_for(watched, deadline, stop);
}

bool sleep_unless_stopped(Clock::duration time, const std::stop_token& stop) {
  const StopFd stopped(stop);
  const Deadline end = Clock::now() + time;
  try {
    wait_for(-1, 0, end, stopped);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
  }
  return !stop.stop_requested();
}

}  // namespace pyro
