#pragma once

#include <filesystem>
#include <stop_token>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"

namespace pyro::workspace {

/// Notices that a log was written or replaced since the last wait. Other files of its directory, as
/// the disks of a machine, change all the time.
class LogWatch {
 public:
  /// A directory that is not there does not change.
  LogWatch(std::filesystem::path directory, std::filesystem::path name);

  /// Returns at the next change; false: the time is over. Throws kCancelled.
  bool wait(Deadline deadline, const std::stop_token& stop);

 private:
  void watch() const;

  std::filesystem::path directory_;
  std::filesystem::path name_;
  UniqueFd changes_;
};

}  // namespace pyro::workspace
