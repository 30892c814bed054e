#include "common/work/turns.h"

namespace pyro {

std::unique_ptr<Turns::Turn> Turns::start(std::unique_lock<std::mutex> lock,
                                          const std::stop_token& caller) {
  const std::lock_guard current(current_mutex_);
  current_stop_ = std::stop_source();
  current_interruption_ = std::make_shared<Turn::Interruption>();
  return std::unique_ptr<Turn>(
      new Turn(std::move(lock), current_stop_, current_interruption_, caller));
}

std::unique_ptr<Turns::Turn> Turns::begin(const std::stop_token& caller) {
  return start(std::unique_lock(turn_), caller);
}

std::unique_ptr<Turns::Turn> Turns::interrupt(std::string reason, const std::stop_token& caller) {
  {
    const std::lock_guard current(current_mutex_);
    if (current_interruption_) current_interruption_->set(std::move(reason));
    current_stop_.request_stop();
  }
  return start(std::unique_lock(turn_), caller);
}

}  // namespace pyro
