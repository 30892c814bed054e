#include "gateway/mcp/protocol/progress_ticker.h"

#include <algorithm>
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

void ProgressTicker::add(std::shared_ptr<ProgressLine> line) {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  lines_.push_back(std::move(line));
  look_again_ = true;
  changed_.notify_all();
}

void ProgressTicker::look_again() {
  const std::lock_guard lock(mutex_);
  look_again_ = true;
  changed_.notify_all();
}

void ProgressTicker::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    look_again_ = false;
    // A line may wait for the client to read: not under the lock.
    const auto lines = lines_;
    lock.unlock();
    auto next = Clock::time_point::max();
    std::vector<std::shared_ptr<ProgressLine>> closed;
    for (const auto& line : lines) {
      if (const auto due = line->tick()) {
        next = std::min(next, *due);
      } else {
        closed.push_back(line);
      }
    }
    lock.lock();
    std::erase_if(lines_, [&closed](const auto& line) {
      return std::find(closed.begin(), closed.end(), line) != closed.end();
    });
    const auto woken = [this] { return stopping_ || look_again_; };
    if (next == Clock::time_point::max()) {
      changed_.wait(lock, woken);
    } else {
      changed_.wait_until(lock, next, woken);
    }
  }
}

}  // namespace pyro::mcp
