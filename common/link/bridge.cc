#include "common/link/bridge.h"

#include <fmt/core.h>

#include <asio/buffer.hpp>
#include <asio/write.hpp>

namespace pyro::link {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;

}  // namespace

Bridge::Bridge(Socket socket) : socket_(std::move(socket)), input_(kReadBytes) {
  socket_.non_blocking(true);
}

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
  if (reading_ || socket_ended_ || !stream_->open() || !stream_->has_room()) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(input_),
                          [this, self = shared_from_this()](auto failed, std::size_t n) {
                            reading_ = false;
                            if (!stream_->open()) return;
                            if (failed && failed != asio::error::eof) return give_up();
                            if (failed) {
                              socket_ended_ = true;
                              stream_->finish();
                              return close_if_done();
                            }
                            stream_->write({input_.data(), n});
                            read_socket();
                          });
}

void Bridge::on_data(std::string_view data) { write_socket(data); }

void Bridge::write_socket(std::string_view data) {
  behind_.append(data);
  if (!writing_) write_pending();
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
                      stream_->consume(n - std::exchange(uncounted_, 0));
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
