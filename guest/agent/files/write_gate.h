#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "common/base/clock.h"

namespace pyro::agent::files {

/// Every writer of the agent passes through it, so that none meets a frozen file system and hangs
/// in the kernel. Closed, it keeps writers waiting.
class WriteGate {
 public:
  /// A writer on its way; waits while the gate is closed.
  class Pass {
   public:
    explicit Pass(WriteGate& gate);
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    WriteGate& gate_;
  };

  /// Keeps new writers out, and returns once those under way are through.
  /// kFailedPrecondition: it is closed already. kDeadlineExceeded: some are not through by then;
  /// the gate is open again.
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
