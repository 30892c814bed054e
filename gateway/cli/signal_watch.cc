#include "gateway/cli/signal_watch.h"

#include <unistd.h>

#include "common/base/error.h"
#include "common/process/signals.h"
#include "common/process/wait.h"

namespace pyro::cli {

SignalWatch::SignalWatch() : signals_(block_termination_signals()), thread_([this] { watch(); }) {}

SignalWatch::~SignalWatch() {
  ended_.request_stop();
  thread_.join();
}

void SignalWatch::before_exit(std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  before_exit_ = std::move(action);
}

void SignalWatch::watch() {
  const StopFd ended(ended_.get_token());
  try {
    while (wait_for(signals_.get(), POLLIN, Deadline::max(), ended)) {
      const int number = take_signal(signals_.get());
      if (number == 0) continue;
      if (signal_ != 0) {
        const std::lock_guard lock(mutex_);
        if (before_exit_) before_exit_();
        ::_exit(128 + number);
      }
      signal_ = number;
      stop_.request_stop();
    }
  } catch (const Error&) {  // the end of the program
  }
}

}  // namespace pyro::cli
