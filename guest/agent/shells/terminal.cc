#include "guest/agent/shells/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>

#include "common/base/error.h"

namespace pyro::agent {
namespace {

constexpr std::size_t kTerminalReadBytes = 64U << 10U;
/// Reads in a row before other events get their turn; the kernel gives a page at most of each.
constexpr int kTerminalReadsPerTurn = 16;

winsize winsize_of(WindowSize size) {
  return {.ws_row = static_cast<unsigned short>(size.rows),
          .ws_col = static_cast<unsigned short>(size.cols),
          .ws_xpixel = 0,
          .ws_ypixel = 0};
}

}  // namespace

Terminal::Terminal(asio::io_context& io, UniqueFd master) : master_(io, master.release()) {}

std::shared_ptr<Terminal> Terminal::make(asio::io_context& io, WindowSize size, UniqueFd& slave) {
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!master) throw system_error("posix_openpt");
  if (::unlockpt(master.get()) != 0) throw system_error("unlockpt");
  // By the master itself: the image's /dev/pts may hold anything.
  slave.reset(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) throw system_error("TIOCGPTPEER");
  const winsize window = winsize_of(size);
  if (::ioctl(master.get(), TIOCSWINSZ, &window) != 0) throw system_error("TIOCSWINSZ");
  return std::shared_ptr<Terminal>(new Terminal(io, std::move(master)));
}

void Terminal::start(Events events) {
  events_ = std::move(events);
  wait_for_output();
}

void Terminal::wait_for_output() {
  master_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this, self = shared_from_this()](auto failed) {
                       if (failed || ended_) return;
                       for (int i = 0; i < kTerminalReadsPerTurn && read_once(); ++i) {
                       }
                       if (!ended_) return wait_for_output();
                       if (const auto on_end = events_.on_end) on_end();
                     });
}

/// False when nothing is there (any longer).
bool Terminal::read_once() {
  std::array<char, kTerminalReadBytes> buffer;
  const ssize_t n = ::read(master_.native_handle(), buffer.data(), buffer.size());
  // EIO: nothing holds the other end any more.
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) ended_ = true;
  if (n <= 0) return false;
  if (const auto on_output = events_.on_output) {
    on_output({buffer.data(), static_cast<std::size_t>(n)});
  }
  return true;
}

void Terminal::type(std::string_view data) {
  input_.append(data);
  if (!writing_) pass_input_on();
}

void Terminal::pass_input_on() {
  writing_ = false;
  while (!input_.empty()) {
    const ssize_t n = ::write(master_.native_handle(), input_.data(), input_.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) input_.clear();
    if (n <= 0) break;
    input_.erase(0, static_cast<std::size_t>(n));
  }
  if (input_.empty()) return;
  writing_ = true;
  master_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [this, self = shared_from_this()](auto failed) {
                       if (!failed) pass_input_on();
                     });
}

void Terminal::resize(WindowSize size) {
  const winsize window = winsize_of(size);
  ::ioctl(master_.native_handle(), TIOCSWINSZ, &window);
}

void Terminal::signal(int number) {
  pid_t group = 0;
  if (::ioctl(master_.native_handle(), TIOCGPGRP, &group) == 0 && group > 1) {
    ::kill(-group, number);
  }
}

void Terminal::close() {
  events_ = {};
  ended_ = true;
  input_.clear();
  asio::error_code ignored;
  master_.close(ignored);
}

}  // namespace pyro::agent
