#pragma once

#include "common/base/error.h"
#include "common/work/work.h"

namespace pyro::files {

/// Throws kDeadlineExceeded or kCancelled once the work must end. Call it between pieces of work.
inline void check(const Work& work) {
  if (Clock::now() >= work.deadline) {
    throw deadline_exceeded("the files operation did not end in time");
  }
  if (work.stop.stop_requested()) throw cancelled("the files operation was cancelled");
}

}  // namespace pyro::files
