#include "gateway/mcp/protocol/output.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <ctime>

#include "common/base/error.h"

namespace pyro::mcp {
namespace {

/// Holds back the SIGPIPE of a write of this thread: for a pipe no flag of the call does.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    foreign_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const timespec at_once{};
    if (!foreign_) ::sigtimedwait(&sigpipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t sigpipe_{}, before_{};
  bool foreign_ = false;
};

bool is_socket(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

Output::Output(int fd, int stop_fd)
    : fd_(fd), stop_fd_(stop_fd), socket_(is_socket(fd)), closed_(::eventfd(0, EFD_CLOEXEC)) {
  if (!closed_) throw system_error("eventfd");
}

void Output::write(const Json& message) {
  const std::string line = to_line(message) + '\n';
  const std::lock_guard lock(mutex_);
  write_all(line);
}

void Output::close() {
  ::eventfd_write(closed_.get(), 1);
  const std::lock_guard lock(mutex_);
}

bool Output::closed() const {
  pollfd watched{closed_.get(), POLLIN, 0};
  return ::poll(&watched, 1, 0) != 0;
}

void Output::write_all(std::string_view bytes) {
  const NoSigpipe guard;
  while (!bytes.empty()) {
    std::array<pollfd, 3> watched{
        {{closed_.get(), POLLIN, 0}, {stop_fd_, POLLIN, 0}, {fd_, POLLOUT, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) continue;
    const bool ended = watched[0].revents != 0 || watched[1].revents != 0 ||
                       (watched[2].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    // A pipe that polls as writable takes PIPE_BUF bytes without blocking; the descriptor is
    // shared with whoever gave it, so it is not made non-blocking.
    const ssize_t written =
        ended     ? -1
        : socket_ ? ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                  : ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (ended || (errno != EINTR && errno != EAGAIN)) {
      // Half a line may be out: nothing can follow it.
      ::eventfd_write(closed_.get(), 1);
      return;
    }
  }
}

}  // namespace pyro::mcp
