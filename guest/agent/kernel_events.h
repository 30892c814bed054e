#pragma once

#include <functional>
#include <string>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"

namespace pyro::agent {

/// The kernel's announcements of devices (uevents).
class KernelEvents {
 public:
  /// Receives all announcements from here on.
  KernelEvents();

  /// Returns once `there()`, called now and after each announcement, is true. Throws
  /// kDeadlineExceeded with `what`.
  void wait_until(const std::function<bool()>& there, const std::string& what, Deadline deadline);

 private:
  UniqueFd socket_;
};

}  // namespace pyro::agent
