#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "common/base/clock.h"

namespace pyro::agent::files {

/// Every writer of the agent passes it, so that none hangs in the kernel on a frozen file system.
/// While closed, it makes writers wait.
class WriteGate {
 public:
  /// A writer's permission; waits while the gate is closed.
  class Pass {
   public:
    explicit Pass(WriteGate& gate);
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    WriteGate& gate_;
  };

  /// Keeps new writers out, and returns once the current ones are done.
  /// kFailedPrecondition: it is already closed. kDeadlineExceeded: some writers are not done; the
  /// gate is open again.
  void close(Deadline deadline);
  /// Never waits for a writer.
  void open();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t writers_ = 0;
  bool closed_ = false;
};

}  // namespace pyro::agent::files
