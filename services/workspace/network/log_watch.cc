#include "services/workspace/network/log_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "common/base/error.h"
#include "common/process/wait.h"

namespace pyro::workspace {

LogWatch::LogWatch(std::filesystem::path directory, std::filesystem::path name)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      changes_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!changes_) throw system_error("inotify_init1");
  watch();
}

/// Also a file that has come since.
void LogWatch::watch() const {
  ::inotify_add_watch(changes_.get(), directory_.c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
  ::inotify_add_watch(changes_.get(), (directory_ / name_).c_str(), IN_MODIFY);
}

bool LogWatch::wait(Deadline deadline, const std::stop_token& stop) {
  if (!wait_for(changes_.get(), POLLIN, deadline, StopFd(stop))) return false;
  std::array<char, 4096> events{};
  while (::read(changes_.get(), events.data(), events.size()) > 0) continue;
  watch();
  return true;
}

}  // namespace pyro::workspace
