#include "common/link/bridge.h"

#include <fmt/core.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/write.hpp>

namespace pyro::link {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;

}  // namespace

Bridge::Bridge(Socket socket) : socket_(std::move(socket)) { socket_.non_blocking(true); }

void Bridge::start(std::shared_ptr<MuxStream> stream, const std::string& first_bytes) {
  stream_ = std::move(stream);
  stream_->write(first_bytes);
  if (stream_->accepted()) read_socket();
}

void Bridge::on_accepted() {
  const std::string greeting = fmt::format("OK {}\n", stream_->id());
  uncounted_ = greeting.size();
  write_socket(greeting);
  read_socket();
}

void Bridge::read_socket() {
  while (!reading_ && !socket_ended_ && stream_->open() && stream_->has_room()) {
    const ssize_t n = stream_->take_from(kReadBytes, [this](char* room, std::size_t bytes) {
      return ::recv(socket_.native_handle(), room, bytes, MSG_DONTWAIT);
    });
    if (n == 0) {
      socket_ended_ = true;
      stream_->finish();
      return close_if_done();
    }
    if (n > 0 || errno == EINTR) continue;
    if (errno != EAGAIN) return give_up();
    reading_ = true;
    socket_.async_wait(Socket::wait_read, [this, self = shared_from_this()](auto failed) {
      reading_ = false;
      if (!failed) read_socket();
    });
  }
}

void Bridge::on_data(std::string_view data) { write_socket(data); }

void Bridge::write_socket(std::string_view data) {
  while (!writing_ && !data.empty()) {
    const ssize_t n =
        ::send(socket_.native_handle(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return give_up();
    if (n < 0) break;
    count_written(static_cast<std::size_t>(n));
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  if (data.empty()) return;
  behind_.append(data);
  if (!writing_) write_pending();
}

void Bridge::count_written(std::size_t bytes) {
  const std::size_t ours = std::min(uncounted_, bytes);
  uncounted_ -= ours;
  stream_->consume(bytes - ours);
}

void Bridge::write_pending() {
  pending_.clear();
  pending_.swap(behind_);
  if (pending_.empty()) return close_if_done();
  writing_ = true;
  asio::async_write(socket_, asio::buffer(pending_),
                    [this, self = shared_from_this()](auto failed, std::size_t n) {
                      writing_ = false;
                      if (failed) return give_up();
                      count_written(n);
                      write_pending();
                    });
}

void Bridge::on_finish() {
  stream_ended_ = true;
  if (!writing_) close_if_done();
}

void Bridge::on_writable() { read_socket(); }

void Bridge::on_reset() { give_up(); }

void Bridge::give_up() {
  stream_->reset();
  asio::error_code ignored;
  socket_.close(ignored);
}

void Bridge::close_if_done() {
  if (!stream_ended_ || writing_ || !socket_.is_open()) return;
  asio::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  if (socket_ended_) socket_.close(ignored);
}

}  // namespace pyro::link
