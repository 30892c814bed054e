#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"

namespace pyro::test {

/// The test's side of common/fault: a directory that PYRO_FAULTS names.
class FaultPoints {
 public:
  explicit FaultPoints(std::filesystem::path directory);

  /// From here on points are noted as they are passed, by whatever process.
  void begin_trace();
  /// Those since then, each once, in the order in which they were passed first.
  std::vector<std::string> end_trace();

  /// The first process that comes to `point` kills itself.
  void kill_at(const std::string& point);
  /// The first process that comes to `point` waits there.
  void hold_at(const std::string& point);
  /// Waits until somebody is held; false when `ended` says that nobody will come any more.
  template <class Ended>
  bool wait_until_held(const Ended& ended) const {
    while (!held()) {
      if (ended()) return held();
    }
    return true;
  }
  /// Lets who is held go on, if it still lives, and forgets the point.
  void release();

 private:
  bool held() const;
  std::filesystem::path directory_;
  UniqueFd go_;  ///< both ends of the FIFO: who comes to the point opens it without waiting
};

}  // namespace pyro::test
