#include "guest/agent/files/write_gate.h"

#include "common/base/error.h"

namespace pyro::agent::files {

WriteGate::Pass::Pass(WriteGate& gate) : gate_(gate) {
  std::unique_lock lock(gate_.mutex_);
  gate_.changed_.wait(lock, [this] { return !gate_.closed_; });
  ++gate_.writers_;
}

WriteGate::Pass::~Pass() {
  const std::lock_guard lock(gate_.mutex_);
  if (--gate_.writers_ == 0) gate_.changed_.notify_all();
}

void WriteGate::close(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (closed_) throw failed_precondition("the workspace is frozen already");
  closed_ = true;
  if (changed_.wait_until(lock, deadline, [this] { return writers_ == 0; })) return;
  closed_ = false;
  changed_.notify_all();
  throw deadline_exceeded("what is being written to the workspace came to no end");
}

void WriteGate::open() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
  changed_.notify_all();
}

}  // namespace pyro::agent::files
