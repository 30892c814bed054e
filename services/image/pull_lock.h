#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "common/base/unique_fd.h"
#include "services/image/work.h"

namespace pyro::image {

/// Lets one pull of a thing work at a time: a flock(2) that counts between threads as well as
/// between processes, since each holder opens the file anew.
class PullLock {
 public:
  /// Takes the lock, or says `waiting for another pull` and waits for it: kCancelled on a stop,
  /// kDeadlineExceeded past the deadline.
  static PullLock acquire(const std::filesystem::path& path, std::string_view what,
                          const Work& work);

 private:
  explicit PullLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace pyro::image
