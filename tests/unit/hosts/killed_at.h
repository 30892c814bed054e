#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "common/base/files.h"
#include "tests/support/temporary.h"

namespace pyro::hosts {

/// A process looks once for PYRO_FAULTS: it is set before the first point.
inline const pyro::testing::TestDirectory& faults() {
  static const pyro::testing::TestDirectory directory;
  return directory;
}
inline const int kFaultsSet = ::setenv("PYRO_FAULTS", faults().path().c_str(), 1);

/// Runs `act` in a process that kills itself at `point`; whether it was killed.
inline bool killed_at(const std::string& point, const std::function<void()>& act) {
  write_file_atomically(faults() / "stop-at", point);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      act();
    } catch (...) {
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

}  // namespace pyro::hosts
