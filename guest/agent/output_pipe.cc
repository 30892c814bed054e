#include "guest/agent/output_pipe.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/base/error.h"

namespace pyro::agent {
namespace {

constexpr int kPipeBytes = 256 << 10;
constexpr std::size_t kReadBytes = 64U << 10U;
/// Reads in a row before other events get their turn.
constexpr int kReadsPerTurn = 4;

}  // namespace

OutputPipe::OutputPipe(asio::io_context& io, UniqueFd read_end) : pipe_(io, read_end.release()) {}

std::shared_ptr<OutputPipe> OutputPipe::make(asio::io_context& io, UniqueFd& write_end) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("pipe2");
  UniqueFd read_end(ends[0]);
  write_end.reset(ends[1]);
  ::fcntl(read_end.get(), F_SETPIPE_SZ, kPipeBytes);  // refused to some users: the default does too
  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  return std::shared_ptr<OutputPipe>(new OutputPipe(io, std::move(read_end)));
}

void OutputPipe::start(std::function<bool()> may_read, OnData on_data) {
  may_read_ = std::move(may_read);
  on_data_ = std::move(on_data);
  resume();
}

void OutputPipe::resume() {
  if (waiting_ || ended_ || (may_read_ && !may_read_())) return;
  waiting_ = true;
  pipe_.async_wait(asio::posix::stream_descriptor::wait_read,
                   [this, self = shared_from_this()](auto failed) {
                     waiting_ = false;
                     if (failed) return;
                     for (int i = 0; i < kReadsPerTurn && (!may_read_ || may_read_()); ++i) {
                       if (!read_once(kReadBytes)) break;
                     }
                     resume();
                   });
}

/// False when nothing is there (any longer).
bool OutputPipe::read_once(std::size_t limit) {
  std::array<char, kReadBytes> buffer;
  const ssize_t n = ::read(pipe_.native_handle(), buffer.data(), std::min(limit, buffer.size()));
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) ended_ = true;
  if (n <= 0) return false;
  if (on_data_) on_data_({buffer.data(), static_cast<std::size_t>(n)});
  return true;
}

void OutputPipe::drain() {
  int there = 0;
  if (::ioctl(pipe_.native_handle(), FIONREAD, &there) != 0) there = 0;
  for (auto left = static_cast<std::size_t>(there); left > 0;) {
    const std::size_t part = std::min(left, kReadBytes);
    if (!read_once(part)) break;
    left -= part;
  }
  may_read_ = nullptr;
  on_data_ = nullptr;
  resume();
}

}  // namespace pyro::agent
