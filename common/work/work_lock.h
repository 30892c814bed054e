#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "common/base/unique_fd.h"
#include "common/work/work.h"

namespace pyro {

/// Lets one at a time work on a thing: a flock(2) that counts between threads as well as between
/// processes, since each holder opens the file anew.
class WorkLock {
 public:
  /// Takes the lock, or says `waiting for WHAT`, as `another pull of 'x'`, and waits for it:
  /// kCancelled on a stop, kDeadlineExceeded past the deadline.
  static WorkLock acquire(const std::filesystem::path& path, std::string_view what,
                          const Work& work);
  /// Takes the lock unless it is held.
  static std::optional<WorkLock> attempt(const std::filesystem::path& path);

 private:
  explicit WorkLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace pyro
