#include "guest/agent/link.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <asio/ip/tcp.hpp>
#include <csignal>

#include "common/api/agent.h"
#include "common/api/agent_files.h"
#include "common/link/bridge.h"

namespace pyro::agent {

Link::Link(asio::io_context& io, UniqueFd link, Service& service, files::FilesPort& files,
           std::function<void()> on_end)
    : io_(io),
      service_(service),
      files_(files),
      mux_(io, std::move(link), link::MuxEnd::kAgent,
           {.on_ready = {},
            .on_open = [this](const auto& stream, std::uint32_t port) { take(stream, port); },
            .on_broken = [on_end = std::move(on_end)](const std::string&) { on_end(); }}) {
  service_.when_flushed = [this](std::function<void()> action) {
    mux_.when_flushed(std::move(action));
  };
}

void Link::take(const std::shared_ptr<link::MuxStream>& stream, std::uint32_t port) {
  if (port == api::agent::kPort) {
    stream->accept(std::make_shared<Session>(
        stream,
        [this](const auto& session, const auto& frame) { service_.dispatch(session, frame); }));
  } else if (port == api::agent::kFilesPort) {
    files_.take(stream);
  } else if (port == 0 || port > 65535) {
    stream->reset();
  } else {
    const auto number = static_cast<std::uint16_t>(port);
    connect_to_service(stream, {{asio::ip::address_v4::loopback(), number},
                                {asio::ip::address_v6::loopback(), number}});
  }
}

/// Servers that listen on `localhost` may have one of its addresses only.
void Link::connect_to_service(const std::shared_ptr<link::MuxStream>& stream,
                              std::vector<asio::ip::tcp::endpoint> places) {
  using asio::ip::tcp;
  const auto socket = std::make_shared<tcp::socket>(io_);
  const tcp::endpoint place = places.front();
  places.erase(places.begin());
  socket->async_connect(place, [this, stream, socket,
                                left = std::move(places)](auto failed) mutable {
    if (failed && !left.empty()) return connect_to_service(stream, std::move(left));
    if (failed) return stream->reset();
    if (!stream->open()) return;
    asio::error_code ignored;
    socket->set_option(tcp::no_delay(true), ignored);
    const auto bridge = std::make_shared<link::Bridge>(link::Bridge::Socket(std::move(*socket)));
    stream->accept(bridge);
    bridge->start(stream);
  });
}

PortReopening::PortReopening(asio::io_context& io, int port_fd, std::function<void()> on_open)
    : signals_(io, SIGIO), fd_(port_fd), on_open_(std::move(on_open)) {
  ::fcntl(fd_, F_SETOWN, ::getpid());
}

bool PortReopening::host_is_there() const {
  pollfd state{.fd = fd_, .events = POLLOUT, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) == 0;
}

void PortReopening::wait() {
  // Only while closed: the port signals arriving data as well.
  const int flags = ::fcntl(fd_, F_GETFL);
  ::fcntl(fd_, F_SETFL, flags | O_ASYNC);
  if (host_is_there()) {
    ::fcntl(fd_, F_SETFL, flags & ~O_ASYNC);
    return on_open_();
  }
  signals_.async_wait([this](auto failed, int) {
    if (!failed) wait();
  });
}

}  // namespace pyro::agent
