#pragma once

#include <sys/types.h>

#include <filesystem>

#include "common/base/unique_fd.h"

namespace pyro::bus {

/// Tells when a socket is no longer at its path: a tool that cleans up, or the end of a user's
/// login, took the file away. The process that listens on it then hears nothing more.
class SocketWatch {
 public:
  /// Of the file that is at `path` now. A host without free inotify(7) instances is logged, and
  /// then nothing is told.
  explicit SocketWatch(std::filesystem::path path);

  /// Readable: ask `vanished`.
  int fd() const { return inotify_.get(); }
  /// Whether another file or none is at the path.
  bool vanished() const;

 private:
  std::filesystem::path path_;
  UniqueFd inotify_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace pyro::bus
