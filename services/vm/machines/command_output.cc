#include "services/vm/machines/command_output.h"

#include "common/base/clock.h"

namespace pyro::vm {

CommandOutput::CommandOutput(const std::optional<std::string>& socket, const Work& work) {
  if (socket) {
    sender_.emplace(*socket, work);
  } else {
    teller_ = std::jthread([this, &work](const std::stop_token& stop) { tell(work, stop); });
  }
}

OutputSink CommandOutput::sink() {
  {
    const std::lock_guard lock(mutex_);
    runs_ = true;
  }
  return [this](std::uint32_t stream, std::string_view data) {
    if (sender_) return sender_->send(stream, data);
    const std::lock_guard lock(mutex_);
    CapturedOutput& captured = stream == 1 ? stdout_ : stderr_;
    captured.append(data);
    last_ = &captured;
  };
}

void CommandOutput::fill(api::MachineExecResult& result) const {
  result.stdout_text = stdout_.text();
  result.stderr_text = stderr_.text();
  result.stdout_truncated = stdout_.truncated();
  result.stderr_truncated = stderr_.truncated();
}

/// Before the command begins, the start of the machine makes the progress.
void CommandOutput::tell(const Work& work, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_until(lock, stop, Clock::now() + kLastLineInterval, [] { return false; });
    if (!runs_ || stop.stop_requested()) continue;
    const std::string line = last_->last_line();
    // The command's output does not wait for the bus.
    lock.unlock();
    work.report("exec", line);
    lock.lock();
  }
}

}  // namespace pyro::vm
