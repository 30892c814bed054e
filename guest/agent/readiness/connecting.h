#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "guest/agent/readiness/place.h"

namespace pyro::agent {

/// One connection to the first of a place's addresses that takes it, and its use, within
/// Probe::kLookTime in all. An object is one try and lives on by itself. It calls `done` when it is
/// connected, and once more if the time is over before cancel().
class Connecting : public std::enable_shared_from_this<Connecting> {
 public:
  /// `why_not` is "" with a connection.
  using Done = std::function<void(const std::string& why_not)>;

  Connecting(asio::io_context& io, const Place& place, Done done);

  void start() { next(0); }
  /// Does not call `done` any more.
  void cancel();
  bool is_over() const { return !done_; }
  /// The same with the reason for it.
  void end(const std::string& why_not);
  asio::ip::tcp::socket& socket() { return socket_; }

 private:
  void next(std::size_t which);

  Place place_;
  Done done_;
  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  std::string why_;
};

}  // namespace pyro::agent
