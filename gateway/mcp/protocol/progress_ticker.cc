#include "gateway/mcp/protocol/progress_ticker.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pyro::mcp {

ProgressTicker::~ProgressTicker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ProgressTicker::add(Tick tick) {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  added_.push_back(std::move(tick));
  look_again_ = true;
  changed_.notify_all();
}

void ProgressTicker::look_again() {
  const std::lock_guard lock(mutex_);
  look_again_ = true;
  changed_.notify_all();
}

void ProgressTicker::run() {
  std::vector<Tick> ticks;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    look_again_ = false;
    std::move(added_.begin(), added_.end(), std::back_inserter(ticks));
    added_.clear();
    // One may wait for the client to read: not under the lock.
    lock.unlock();
    auto next = Clock::time_point::max();
    std::erase_if(ticks, [&next](const Tick& tick) {
      const auto due = tick();
      if (due) next = std::min(next, *due);
      return !due;
    });
    lock.lock();
    const auto woken = [this] { return stopping_ || look_again_; };
    if (next == Clock::time_point::max()) {
      changed_.wait(lock, woken);
    } else {
      changed_.wait_until(lock, next, woken);
    }
  }
}

}  // namespace pyro::mcp
