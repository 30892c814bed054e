#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/link/mux.h"
#include "guest/agent/files/files_port.h"
#include "guest/agent/service.h"

namespace pyro::agent {

/// The agent's end of the link: streams to its own ports become sessions, streams to others go to
/// 127.0.0.1 in the guest, or to ::1 where nothing listens there.
class Link {
 public:
  /// `on_end`: the byte stream ended.
  Link(asio::io_context& io, UniqueFd link, Service& service, files::FilesPort& files,
       std::function<void()> on_end);

  void start() { mux_.start(); }

 private:
  void take(const std::shared_ptr<link::MuxStream>& stream, std::uint32_t port);
  void connect_to_service(const std::shared_ptr<link::MuxStream>& stream,
                          std::vector<asio::ip::tcp::endpoint> places);

  asio::io_context& io_;
  Service& service_;
  files::FilesPort& files_;
  link::Mux mux_;
};

/// Waits, without spinning, until the host opens its side of a virtio port again, then calls
/// on_open. poll(2) always reports a closed port as readable, so it uses the kernel's SIGIO.
class PortReopening {
 public:
  PortReopening(asio::io_context& io, int port_fd, std::function<void()> on_open);
  void wait();

 private:
  bool host_is_there() const;

  asio::signal_set signals_;
  int fd_;
  std::function<void()> on_open_;
};

}  // namespace pyro::agent
