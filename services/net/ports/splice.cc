#include "services/net/ports/splice.h"

#include <fmt/core.h>

#include <asio/buffer.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <utility>

namespace pyro::net {
namespace {

/// `OK 4294967295\n`
constexpr std::size_t kMostAnswer = 32;

}  // namespace

void Splice::start(const std::filesystem::path& link_socket, std::uint32_t guest_port,
                   std::function<void()> on_end) {
  on_end_ = std::move(on_end);
  line_ = fmt::format("CONNECT {}\n", guest_port);
  guest_.async_connect(asio::local::stream_protocol::endpoint(link_socket.string()),
                       [self = shared_from_this()](auto failed) {
                         if (failed) return self->close();
                         self->say_port();
                       });
}

void Splice::say_port() {
  asio::async_write(guest_, asio::buffer(line_), [self = shared_from_this()](auto failed, auto) {
    if (failed) return self->close();
    self->hear_answer();
  });
}

/// The guest's first bytes may come with the answer.
void Splice::hear_answer() {
  asio::async_read_until(guest_, asio::dynamic_buffer(answer_, kMostAnswer), '\n',
                         [self = shared_from_this()](auto failed, std::size_t length) {
                           if (failed || !self->answer_.starts_with("OK ")) return self->close();
                           self->answer_.erase(0, length);
                           asio::async_write(self->client_, asio::buffer(self->answer_),
                                             [self](auto lost, std::size_t) {
                                               if (lost) return self->close();
                                               self->pump(self->client_, self->guest_, self->up_);
                                               self->pump(self->guest_, self->client_, self->down_);
                                             });
                         });
}

template <class From, class To>
void Splice::pump(From& from, To& to, std::array<char, 16384>& buffer) {
  from.async_read_some(asio::buffer(buffer), [this, self = shared_from_this(), &from, &to, &buffer](
                                                 auto ended, std::size_t got) {
    if (ended == asio::error::eof) {
      asio::error_code ignored;
      to.shutdown(To::shutdown_send, ignored);
      return direction_ended();
    }
    if (ended) return close();
    asio::async_write(to, asio::buffer(buffer.data(), got),
                      [this, self, &from, &to, &buffer](auto lost, std::size_t) {
                        if (lost) return close();
                        pump(from, to, buffer);
                      });
  });
}

void Splice::direction_ended() {
  if (++ended_ == 2) close();
}

void Splice::close() {
  asio::error_code ignored;
  client_.close(ignored);
  guest_.close(ignored);
  if (on_end_) std::exchange(on_end_, {})();
}

}  // namespace pyro::net
