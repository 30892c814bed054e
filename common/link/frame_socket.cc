#include "common/link/frame_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string_view>

#include "common/base/error.h"
#include "common/process/wait.h"

namespace pyro::link {
namespace {

constexpr std::size_t kFrameReadBytes = 16U << 10U;

void await(int fd, short events, const Work& work, const StopFd& stop) {
  if (!wait_for(fd, events, work.deadline, stop)) throw deadline_exceeded("no answer in time");
}

}  // namespace

Frame FrameSocket::receive(const Work& work) {
  const StopFd stop(work.stop);
  while (true) {
    if (auto frame = decoder_.next()) return std::move(*frame);
    await(fd_, POLLIN, work, stop);
    std::array<char, kFrameReadBytes> buffer{};
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno == ECONNRESET)) throw unavailable("the peer is gone");
    if (n > 0) {
      decoder_.feed({buffer.data(), static_cast<std::size_t>(n)});
    } else if (errno != EAGAIN && errno != EINTR) {
      throw system_error("recv");
    }
  }
}

void FrameSocket::send(const Frame& frame, const Work& work) const {
  const StopFd stop(work.stop);
  const std::string bytes = encode_frame(frame);
  for (std::string_view left = bytes; !left.empty();) {
    const ssize_t n = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      left.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      await(fd_, POLLOUT, work, stop);
    } else if (errno != EINTR) {
      throw unavailable("the peer is gone");
    }
  }
}

}  // namespace pyro::link
