#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace pyro::net {

/// A TCP connection of the host joined to a stream to a port of a guest. Each side's end is passed
/// on as such, and the other goes on; what one side does not take the other does not send.
class Splice : public std::enable_shared_from_this<Splice> {
 public:
  using Tcp = asio::ip::tcp::socket;
  using Unix = asio::local::stream_protocol::socket;

  Splice(asio::io_context& loop, Tcp client) : client_(std::move(client)), guest_(loop) {}

  /// Dials; closes the client when the guest has no such port. `on_end` is called once.
  void start(const std::filesystem::path& link_socket, std::uint32_t guest_port,
             std::function<void()> on_end);
  void close();

 private:
  void say_port();
  void hear_answer();
  template <class From, class To>
  void pump(From& from, To& to, std::array<char, 16384>& buffer);
  void direction_ended();

  Tcp client_;
  Unix guest_;
  std::string line_;
  std::string answer_;
  std::array<char, 16384> up_{};
  std::array<char, 16384> down_{};
  int ended_ = 0;
  std::function<void()> on_end_;
};

}  // namespace pyro::net
