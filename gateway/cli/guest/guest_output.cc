#include "gateway/cli/guest/guest_output.h"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/error.h"
#include "gateway/cli/stdout_closed.h"

namespace pyro::cli {
namespace {

/// A pipe that poll(2) calls writable takes PIPE_BUF bytes without blocking, but maybe no more.
std::size_t safe_size(int fd, std::size_t size) {
  struct stat info {};
  const bool file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  return file || size < PIPE_BUF ? size : PIPE_BUF;
}

}  // namespace

void GuestOutput::write(std::uint32_t stream, std::string_view data) {
  if (stream == 2 && !data.empty()) last_error_byte_ = data.back();
  const int fd = stream == 2 ? STDERR_FILENO : STDOUT_FILENO;
  while (!data.empty()) {
    wait_for(fd, POLLOUT, Deadline::max(), stop_);
    const ssize_t n = ::write(fd, data.data(), safe_size(fd, data.size()));
    if (n >= 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE && fd == STDERR_FILENO) {
      return;
    } else if (errno == EPIPE) {
      throw StdoutClosed();
    } else if (errno != EINTR && errno != EAGAIN) {
      throw system_error(stream == 2 ? "write to standard error" : "write to standard output");
    }
  }
}

void GuestOutput::end_line_on_terminal() const {
  if (last_error_byte_ == '\n' || ::isatty(STDERR_FILENO) == 0) return;
  [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, "\n", 1);
}

}  // namespace pyro::cli
