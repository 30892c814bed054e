#include "common/work/turns.h"

namespace pyro {

std::unique_ptr<Turns::Turn> Turns::start(const std::stop_token& caller) {
  busy_ = true;
  current_stop_ = std::stop_source();
  interruption_.reset();
  return std::unique_ptr<Turn>(new Turn(*this, current_stop_, caller));
}

void Turns::end() {
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
  }
  changed_.notify_all();
}

std::optional<Error> Turns::interruption() {
  const std::lock_guard lock(mutex_);
  return interruption_;
}

std::size_t Turns::waiting() {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

std::unique_ptr<Turns::Turn> Turns::begin(const std::stop_token& caller) {
  std::unique_lock lock(mutex_);
  const auto place = line_.emplace(line_.end());
  const bool free = changed_.wait(lock, caller, [this, place] {
    return !busy_ && interrupting_ == 0 && line_.begin() == place;
  });
  line_.erase(place);
  if (free) return start(caller);
  changed_.notify_all();
  throw cancelled("cancelled while another operation was under way");
}

std::unique_ptr<Turns::Turn> Turns::interrupt(Error interruption, const std::stop_token& caller) {
  std::unique_lock lock(mutex_);
  if (busy_) {
    if (!interruption_) interruption_ = std::move(interruption);
    // Its callbacks may want to know by whom.
    std::stop_source current = current_stop_;
    ++interrupting_;
    lock.unlock();
    current.request_stop();
    lock.lock();
    changed_.wait(lock, [this] { return !busy_; });
    --interrupting_;
  }
  return start(caller);
}

}  // namespace pyro
