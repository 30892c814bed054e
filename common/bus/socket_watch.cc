#include "common/bus/socket_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "common/log/log.h"

namespace pyro::bus {

SocketWatch::SocketWatch(std::filesystem::path path)
    : path_(std::move(path)), inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  // Its inode outlives its name while it is bound: a deletion is a change of its link count.
  constexpr std::uint32_t kGone = IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
  struct stat status {};
  if (!inotify_ || ::inotify_add_watch(inotify_.get(), path_.c_str(), kGone) < 0 ||
      ::lstat(path_.c_str(), &status) != 0) {
    log::warn("'{}' cannot be watched: {}", path_.string(), std::strerror(errno));
    inotify_.reset();
    return;
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

bool SocketWatch::vanished() const {
  if (!inotify_) return false;
  std::array<char, 4096> events;
  while (::read(inotify_.get(), events.data(), events.size()) > 0) {
  }
  struct stat status {};
  return ::lstat(path_.c_str(), &status) != 0 || status.st_dev != device_ ||
         status.st_ino != inode_;
}

}  // namespace pyro::bus
