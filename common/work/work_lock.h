#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "common/base/unique_fd.h"
#include "common/work/work.h"

namespace pyro {

/// Serialises work on a thing: a flock(2) between threads as well as processes, since each holder
/// opens the file itself.
class WorkLock {
 public:
  /// Takes the lock; if another holds it, reports `waiting for WHAT`, such as `another pull of
  /// 'x'`, and waits.
  /// kCancelled on a stop, kDeadlineExceeded past the deadline.
  static WorkLock acquire(const std::filesystem::path& path, std::string_view what,
                          const Work& work);
  /// Takes the lock if it is free.
  static std::optional<WorkLock> attempt(const std::filesystem::path& path);

 private:
  explicit WorkLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace pyro
